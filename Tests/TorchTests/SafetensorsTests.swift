import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct SafetensorsTests {
    /// What a file of the given tensors and texts is read as.
    private func roundTrip(_ tensors: [String: Tensor], _ metadata: [String: String] = [:]) throws -> Safetensors {
        try inFolder { folder in
            let file = folder.appending(path: "file.safetensors")
            try Safetensors(tensors: tensors, metadata: metadata).write(to: file)
            return try Safetensors(contentsOf: file)
        }
    }

    /// The bytes of a file with a header of the given text.
    private func file(_ header: String, data: [UInt8] = [], length: Int? = nil) -> [UInt8] {
        withUnsafeBytes(of: UInt64(length ?? header.utf8.count).littleEndian, [UInt8].init) + header.utf8 + data
    }

    /// What is wrong with the bytes of a file; nil if they can be read.
    private func defect(_ bytes: [UInt8]) -> SafetensorsDefect? {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(SafetensorsDefect) in try Safetensors(bytes: bytes) }
        }
        if case .failure(let defect) = result { return defect }
        return nil
    }

    private func bytes(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { [UInt8]($0) } }

    // MARK: Round trips

    @Test(arguments: DType.allCases) func everyTypeAndShapeComesBackToTheBit(dtype: DType) throws {
        let shapes = [[], [0], [1], [7], [3, 5], [2, 0, 3], [1, 1, 1, 1, 3]]
        var tensors: [String: Tensor] = [:]
        for (index, shape) in shapes.enumerated() {
            let count = shape.reduce(dtype.byteCount, *)
            // All patterns of bits, numbers that are none and infinite ones among them.
            let elements = (0..<count).map {
                UInt8(truncatingIfNeeded: dtype == .bool ? $0 % 2 : 251 * $0 + 97 * index + 127)
            }
            tensors["\(shape)"] = elements.withUnsafeBytes { Tensor(bytes: $0, shape: shape, dtype: dtype) }
        }
        let read = try roundTrip(tensors)
        #expect(read.tensors.count == shapes.count && read.metadata.isEmpty)
        for (name, tensor) in tensors {
            let other = try #require(read.tensors[name])
            #expect(other.shape == tensor.shape && other.dtype == dtype && bytes(other) == bytes(tensor))
        }
    }

    @Test func anyTextIsANameOrAValue() throws {
        let texts = [
            "", "a.b", "\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}", "Gewicht-ä-重み-🧠", "\u{2028}\u{feff}", "__metadata",
            "'{}[]:,",
        ]
        let tensors = Dictionary(
            uniqueKeysWithValues: texts.enumerated().map { ($1, Tensor([Float($0)])) })
        let metadata = Dictionary(uniqueKeysWithValues: texts.map { ($0 + " of metadata", $0 + "!") })
        let read = try roundTrip(tensors, metadata)
        #expect(read.tensors.mapValues { $0.item() } == tensors.mapValues { $0.item() })
        #expect(read.metadata == metadata)
    }

    @Test func nothingAtAllIsAFile() throws {
        let read = try roundTrip([:])
        #expect(read.tensors.isEmpty && read.metadata.isEmpty)
    }

    @Test func viewsAreWrittenInRowMajorOrder() throws {
        let matrix = Tensor((0..<12).map(Float.init), shape: [3, 4])
        let wide = Tensor([5, 6] as [Int64]).expanded(at: 1)
        let read = try roundTrip(["transposed": matrix.transposed(), "column": wide])
        #expect(read.tensors["transposed"]?.shape == [4, 3])
        #expect(read.tensors["transposed"]?.elements() == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11] as [Float])
        #expect(read.tensors["column"]?.elements() == [5, 6] as [Int64])
        // Two parts of one storage that have nothing in common are two tensors.
        let parts = try roundTrip(["first": matrix.narrowed(0, to: 0..<1), "rest": matrix.narrowed(0, to: 1..<3)])
        #expect(parts.tensors["first"]?.elements() == [0, 1, 2, 3] as [Float])
        #expect(parts.tensors["rest"]?.elements() == (4..<12).map(Float.init))
        #expect(parts.metadata.isEmpty)
    }

    @Test func aTensorIsReadFromAnyPlace() throws {
        // Without spaces behind the header, and with an odd place for each number.
        let header =
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}}"#
        for spaces in 0..<8 {
            let data = [7] + withUnsafeBytes(of: 0.1, [UInt8].init)
            let read = try file(header + String(repeating: " ", count: spaces), data: data).withUnsafeBytes {
                try Safetensors(bytes: $0)
            }
            #expect(read.tensors["a"]?.item() == 7 && read.tensors["b"]?.item() == 0.1)
        }
    }

    @Test func theDataBeginWhereElementsOfAnyTypeMay() {
        for length in 1...9 {
            let entry = SafetensorsHeader.Entry(
                name: String(repeating: "x", count: length), dtype: .float64, shape: [1], bytes: 0..<8)
            let header = SafetensorsHeader(entries: [entry], metadata: [:]).encoded
            #expect(header.count.isMultiple(of: 8) && header.dropFirst(8).suffix(8).contains(UInt8(ascii: "}")))
        }
    }

    @Test func theOrderOfTheHeaderIsNotThatOfTheBytes() throws {
        let header = """
            { "b" : {"data_offsets": [2, 3], "shape": [1], "dtype": "U8", "later": {"x": [1e3, -0.5, null, {"y": "z"}]}},
            "none": {"dtype":"F32","shape":[0, 3],"data_offsets":[2,2]},
            "\\u0061\\ud83e\\udde0":{"dtype":"U8","shape":[2],"data_offsets":[0,2]} }\n
            """
        let read = try file(header, data: [1, 2, 3]).withUnsafeBytes { try Safetensors(bytes: $0) }
        #expect(read.tensors["b"]?.elements() == [3] as [UInt8])
        #expect(read.tensors["a🧠"]?.elements() == [1, 2] as [UInt8])
        #expect(read.tensors["none"]?.shape == [0, 3])
    }

    // MARK: Tied tensors

    @Test func aTensorOfSeveralNamesIsWrittenOnce() throws {
        let weight = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        let tensors = [
            "head.weight": weight, "embedding.weight": weight.reshaped([2, 2]), "weight": weight.detached(),
            "copy": weight.clone(),
        ]
        try inFolder { folder in
            let url = folder.appending(path: "tied")
            try Safetensors(tensors: tensors, metadata: ["format": "pt"]).write(to: url)
            let (header, data) = try [UInt8](Data(contentsOf: url)).withUnsafeBytes { try SafetensorsHeader.read($0) }
            #expect(header.entries.map(\.name) == ["copy", "embedding.weight"] && data.count == 32)
            #expect(
                header.metadata == ["format": "pt", "head.weight": "embedding.weight", "weight": "embedding.weight"])
            let read = try Safetensors(contentsOf: url)
            #expect(read.metadata == ["format": "pt"] && read.tensors.count == 4)
            #expect(read.tensors["head.weight"]!.isIdentical(to: read.tensors["embedding.weight"]!))
            #expect(read.tensors["weight"]!.isIdentical(to: read.tensors["embedding.weight"]!))
            #expect(!read.tensors["copy"]!.sharesStorage(with: read.tensors["weight"]!))
        }
    }

    @Test func emptyTensorsAreNotTied() throws {
        let read = try roundTrip(["a": .zeros([0]), "b": .zeros([0]), "c": .zeros([0, 2])])
        #expect(read.metadata.isEmpty && Set(read.tensors.keys) == ["a", "b", "c"])
        #expect(!read.tensors["a"]!.isIdentical(to: read.tensors["b"]!))
    }

    @Test func aTextThatNamesATensorOfTheFileIsAText() throws {
        // "b" is a tensor, and "c" names none.
        let header =
            #"{"__metadata__":{"b":"a","c":"d"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
            + #""b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#
        let read = try file(header, data: [1, 2]).withUnsafeBytes { try Safetensors(bytes: $0) }
        #expect(read.metadata == ["b": "a", "c": "d"])
        #expect(read.tensors["b"]?.item() == 2 && read.tensors["c"] == nil)
    }

    @Test func whatTheFileCannotSayIsRefused() throws {
        let storage = Tensor((0..<12).map(Float.init), shape: [3, 4])
        let cases: [([String: Tensor], [String: String], SafetensorsDefect)] = [
            (
                ["a": storage, "b": storage.narrowed(0, to: 1..<2), "c": .ones([3])], [:],
                .overlappingTensors(name: "a", other: "b")
            ),
            (
                ["a": storage.narrowed(0, to: 0..<2), "b": storage.narrowed(0, to: 1..<3)], [:],
                .overlappingTensors(name: "a", other: "b")
            ),
            (
                [
                    "a": storage.narrowed(0, to: 0..<1).reshaped([2, 2]),
                    "b": storage.narrowed(0, to: 0..<1).reshaped([2, 2]).transposed(),
                ], [:],
                .overlappingTensors(name: "a", other: "b")
            ),
            (["a": storage, "b": storage], ["b": "mine"], .metadataInTheWay(name: "b", kept: "a")),
            (["a": storage], ["b": "a"], .metadataReadAsTensor(name: "b", kept: "a")),
            (["__metadata__": storage], [:], .reservedName),
        ]
        for (tensors, metadata, defect) in cases {
            let error = #expect(throws: SafetensorsError.self) { try roundTrip(tensors, metadata) }
            switch (error?.defect, defect) {
            // Which of two with the same place comes first is not said.
            case (.overlappingTensors(let one, let other), .overlappingTensors(let first, let second)):
                #expect(Set([one, other]) == Set([first, second]))
            default: #expect(error?.defect == defect)
            }
            #expect(error?.description.contains { $0.isNewline } == false)
        }
        // What is said is what would be said.
        _ = try roundTrip(["a": storage, "b": storage], ["b": "a"])
    }

    // MARK: Rules

    private static let one = #"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#

    @Test func everyRuleOfTheFormatIsHeld() {
        let one = Self.one
        func tensor(_ defect: TensorDefect) -> SafetensorsDefect { .tensor(name: "a", defect) }
        func entry(_ dtype: String, _ shape: String, _ range: String) -> String {
            #"{"a":{"dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(range)}}"#
        }
        func u8(_ shape: String, _ range: String) -> String { entry(#""U8""#, shape, range) }
        let size = SafetensorsDefect.tensor(
            name: "a", .wrongByteCount(1, expected: 4, shape: [1], dtype: .float32))
        let shape = tensor(.wrongField("shape", expected: "an array of at most 64 whole numbers"))
        let range = tensor(.wrongField("data_offsets", expected: "an array of 2 whole numbers"))
        let cases: [(header: String, data: [UInt8], defect: SafetensorsDefect?)] = [
            (u8("[1]", "[0,1]"), [1], nil),
            ("{}", [], nil),
            (" {}", [], .notAnObject),
            ("[]", [], .notAnObject),
            ("", [], .notAnObject),
            ("{", [], .notJSON(position: 1, expected: "a value")),
            ("{}x", [], .notJSON(position: 2, expected: "the end of the header")),
            ("{}{}", [], .notJSON(position: 2, expected: "the end of the header")),
            (#"{"a" 1}"#, [], .notJSON(position: 5, expected: "':'")),
            (#"{"a":\#(one),}"#, [1], .notJSON(position: 53, expected: "a value")),
            (#"{"a":\#(one) "b":\#(one)}"#, [1], .notJSON(position: 53, expected: "',' or '}'")),
            ("{\"a\u{1}\":1}", [], .notJSON(position: 3, expected: "'\"'")),
            (#"{"\x":1}"#, [], .notJSON(position: 3, expected: #"one of "\/bfnrtu"#)),
            (#"{"\u12g4":1}"#, [], .notJSON(position: 6, expected: "a hexadecimal digit")),
            (#"{"\ud800":1}"#, [], .notJSON(position: 8, expected: "a whole character before")),
            (#"{"\udc00\ud800":1}"#, [], .notJSON(position: 8, expected: "a whole character before")),
            (#"{"a":\#(one),"a":\#(one)}"#, [1], .duplicateName("a")),
            (#"{"a":\#(one),"\u0061":\#(one)}"#, [1], .duplicateName("a")),
            (#"{"a":{"dtype":"U8","dtype":"U8"}}"#, [1], .duplicateName("dtype")),
            (#"{"__metadata__":{"x":"1","x":"2"}}"#, [], .duplicateName("x")),
            (#"{"__metadata__":{},"__metadata__":{}}"#, [], .duplicateName("__metadata__")),
            (#"{"__metadata__":[]}"#, [], .metadataNotAnObject),
            (#"{"__metadata__":{"x":1}}"#, [], .metadataNotAText(name: "x")),
            (#"{"__metadata__":{"x":null}}"#, [], .metadataNotAText(name: "x")),
            (#"{"a":1}"#, [], tensor(.notAnObject)),
            (#"{"a":{"shape":[1],"data_offsets":[0,1]}}"#, [1], tensor(.missingField("dtype"))),
            (#"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, [1], tensor(.missingField("shape"))),
            (#"{"a":{"dtype":"U8","shape":[1]}}"#, [1], tensor(.missingField("data_offsets"))),
            (entry("3", "[1]", "[0,1]"), [1], tensor(.wrongField("dtype", expected: "a text"))),
            (entry(#""F8_E4M3""#, "[1]", "[0,1]"), [1], tensor(.unknownElementType("F8_E4M3"))),
            (entry(#""u8""#, "[1]", "[0,1]"), [1], tensor(.unknownElementType("u8"))),
            (u8("1", "[0,1]"), [1], shape),
            (u8("[-1]", "[0,1]"), [1], shape),
            (u8("[-0]", "[0,0]"), [], shape),
            (u8("[1.0]", "[0,1]"), [1], shape),
            (u8("[1e0]", "[0,1]"), [1], shape),
            (u8(#"["1"]"#, "[0,1]"), [1], shape),
            (u8("[9223372036854775808]", "[0,1]"), [1], shape),
            (u8("[\((1...65).map { _ in "1" }.joined(separator: ","))]", "[0,1]"), [1], shape),
            (u8("[01]", "[0,1]"), [1], .notJSON(position: 29, expected: "',' or ']'")),
            (u8("[1,]", "[0,1]"), [1], .notJSON(position: 30, expected: "a value")),
            (u8("[1]", "[0]"), [1], range),
            (u8("[1]", "[0,1,2]"), [1], range),
            (u8("[1]", "[0,-1]"), [1], range),
            (u8("[1]", "{}"), [1], range),
            (u8("[1]", "[1,0]"), [1], tensor(.wrongRange(from: 1, to: 0, byteCount: 1))),
            (u8("[1]", "[0,2]"), [1], tensor(.wrongRange(from: 0, to: 2, byteCount: 1))),
            (
                u8("[9223372036854775807,2]", "[0,1]"), [1],
                tensor(.tooManyElements(shape: [9_223_372_036_854_775_807, 2]))
            ),
            (
                u8("[0,9223372036854775807,9223372036854775807]", "[0,0]"), [],
                tensor(.tooManyElements(shape: [0, 9_223_372_036_854_775_807, 9_223_372_036_854_775_807]))
            ),
            (entry(#""F32""#, "[1]", "[0,1]"), [1], size),
            (entry(#""BOOL""#, "[3]", "[0,3]"), [0, 1, 2], tensor(.notABoolean(2))),
            (u8("[1]", "[1,2]"), [1, 2], .unusedBytes(0..<1)),
            (u8("[1]", "[0,1]"), [1, 2, 3], .unusedBytes(1..<3)),
            ("{}", [1], .unusedBytes(0..<1)),
            (#"{"a":\#(one),"b":\#(one)}"#, [1], .tensor(name: "b", .overlaps("a"))),
            (
                #"{"a":{"x":\#(String(repeating: "[", count: 70))}}"#, [],
                .notJSON(position: 74, expected: "values no deeper than 64 in one another")
            ),
        ]
        for (header, data, expected) in cases {
            let found = defect(file(header, data: data))
            // Of two tensors that begin at one place, either may be named.
            if case .tensor(let name, .overlaps(let other)) = found {
                #expect([name, other].sorted() == ["a", "b"] && header.contains("\"b\""))
            } else {
                #expect(found == expected, "\(header)")
            }
        }
    }

    @Test func theLengthOfTheHeaderIsNotTakenOnTrust() {
        #expect(defect([]) == .noHeaderLength(byteCount: 0))
        #expect(defect([1, 0, 0, 0, 0, 0, 0]) == .noHeaderLength(byteCount: 7))
        #expect(defect(file("{}", length: 3)) == .truncatedHeader(byteCount: 10, expected: 11))
        #expect(defect(file("{}", length: 100_000_000)) == .truncatedHeader(byteCount: 10, expected: 100_000_008))
        #expect(defect(file("{}", length: 100_000_001)) == .headerTooLong(byteCount: 100_000_001))
        #expect(defect([UInt8](repeating: 255, count: 8)) == .headerTooLong(byteCount: .max))
        #expect(defect(Array("PK\u{3}\u{4}1234".utf8)) == .torchSave)
        let invalid = file("{\"", data: [0xff, 0x22, 0x3a, 0x31, 0x7d], length: 7)
        #expect(defect(invalid) == .notJSON(position: 3, expected: "text in UTF-8 before"))
    }

    @Test func errorsNameTheFileTheThingAndARemedy() throws {
        try inFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            try Data(file(#"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, data: [1])).write(to: url)
            let error = #expect(throws: SafetensorsError.self) { try Safetensors(contentsOf: url) }
            #expect(
                error?.description
                    == "\(url.path): tensor \"a\" has elements of type \"F8_E4M3\", expected one of I64, F64, F32, BF16, F16, U8, "
                    + "BOOL; convert it before saving")
        }
    }

    // MARK: The operating system

    @Test func whatIsNoFileIsRefused() throws {
        try inFolder { folder in
            func defect(_ name: String) -> SafetensorsDefect? {
                #expect(throws: SafetensorsError.self) { try Safetensors(contentsOf: folder.appending(path: name)) }?
                    .defect
            }
            #expect(mkfifo(folder.appending(path: "pipe").path, 0o600) == 0)
            #expect(symlink("loop", folder.appending(path: "loop").path) == 0)
            try Data().write(to: folder.appending(path: "empty"))
            #expect(defect("missing") == .missing)
            #expect(defect("pipe") == .notARegularFile)
            #expect(defect(".") == .notARegularFile)
            #expect(defect("loop") == .unreadable(String(cString: strerror(ELOOP))))
            #expect(defect("empty") == .noHeaderLength(byteCount: 0))
            #expect(defect("empty/file") == .unreadable(String(cString: strerror(ENOTDIR))))
        }
    }

    @Test func whatIsNoFileIsNotReplaced() throws {
        try inFolder { folder in
            func reason(_ path: String) -> SafetensorsDefect? {
                let file = Safetensors(tensors: ["a": .ones([3])])
                let error = #expect(throws: SafetensorsError.self) { try file.write(to: URL(fileURLWithPath: path)) }
                return error?.defect
            }
            #expect(mkfifo(folder.appending(path: "pipe").path, 0o600) == 0)
            #expect(reason(folder.path + "/pipe") == .unwritable("not a regular file"))
            #expect(reason("/dev/full") == .unwritable("not a regular file"))
            #expect(reason(folder.path) == .unwritable(String(cString: strerror(EISDIR))))
            #expect(reason(folder.path + "/none/file") == .unwritable(String(cString: strerror(ENOENT))))
            #expect(
                reason(folder.path + "/" + String(repeating: "x", count: 300))
                    == .unwritable(String(cString: strerror(ENAMETOOLONG))))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names == ["pipe"])
        }
    }

    /// A file of more bytes than a process may write is what a full disk is: the part that has been written is gone, and what
    /// was there is as it was.
    @Test func whereThereIsNoRoomNothingChanges() async {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 10_000, rlim_max: 10_000)
            try inFolder { folder in
                let url = folder.appending(path: "file")
                try Safetensors(tensors: ["a": .ones([3])]).write(to: url)
                guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { fatalError("no limit") }
                do throws(SafetensorsError) {
                    try Safetensors(tensors: ["a": .ones([3000])]).write(to: url)
                    fatalError("was written")
                } catch {
                    guard error.defect == .unwritable(String(cString: strerror(EFBIG))) else { fatalError("\(error)") }
                }
                guard try Safetensors(contentsOf: url).tensors["a"]?.count == 3,
                    try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"]
                else { fatalError("something is left, or lost") }
            }
        }
    }

    @Test func aFileIsReplacedWhereItIs() throws {
        try inFolder { folder in
            let (url, link) = (folder.appending(path: "file"), folder.appending(path: "link"))
            try Data("old".utf8).write(to: url)
            #expect(chmod(url.path, 0o640) == 0 && symlink("file", link.path) == 0)
            try Safetensors(tensors: ["a": .ones([3])]).write(to: link)
            #expect(try Safetensors(contentsOf: url).tensors["a"]?.count == 3)
            var status = stat()
            #expect(stat(url.path, &status) == 0 && status.st_mode & 0o777 == 0o640)
            #expect(lstat(link.path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
            #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["file", "link"])
        }
    }

    // MARK: Damage

    @Test func damagedFilesAreReadOrRefused() throws {
        let original = file(
            #"{"__metadata__":{"format":"pt","tied":"a.weight"},"a.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
                + #""flag":{"dtype":"BOOL","shape":[3],"data_offsets":[18,21]},"h\u00e4":{"dtype":"F16","shape":[],"#
                + #""data_offsets":[16,18]},"none":{"dtype":"I64","shape":[0,5],"data_offsets":[21,21]}}  "#,
            data: (0..<18).map { UInt8($0) } + [0, 1, 1])
        #expect(defect(original) == nil)
        let words = [
            "\"", "{", "}", "[", "]", ",", ":", "\\u", "\\ud800", "18446744073709551616", "9223372036854775807", "-1",
            "null",
            "\"a.weight\"", "__metadata__", "data_offsets", "\u{2028}", "1e999", String(repeating: "[", count: 99),
        ]
        var random = RandomWords(generator: Generator(seed: 4711))
        var readCount = 0
        for _ in 0..<4000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                guard !bytes.isEmpty else { break }
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<7, using: &random) {
                case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: bytes[place] = .random(in: 0...255, using: &random)
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + .random(in: 1..<9, using: &random)))
                case 3: bytes.insert(contentsOf: bytes[place...].prefix(.random(in: 1..<40, using: &random)), at: place)
                case 4: bytes.insert(contentsOf: words.randomElement(using: &random)!.utf8, at: place)
                case 5: bytes.removeLast(place)
                default: bytes[place] = "0123456789".utf8.randomElement(using: &random)!
                }
            }
            // Half of them have a length that is right, or the header would hardly be looked at.
            if Bool.random(using: &random), bytes.count >= 8 {
                let length = bytes.lastIndex(of: UInt8(ascii: "}")).map { $0 - 7 } ?? 0
                bytes.replaceSubrange(
                    0..<8, with: withUnsafeBytes(of: UInt64(max(length, 0)).littleEndian, [UInt8].init))
            }
            guard let defect = defect(bytes) else {
                readCount += 1
                continue
            }
            let text = SafetensorsError(path: "file", defect).description
            #expect(text.hasPrefix("file: ") && !text.contains { $0.isNewline } && text.count < 2000, "\(text)")
        }
        #expect((20..<2000).contains(readCount), "\(readCount)")
    }

    // MARK: Python

    @Test(.enabled(if: Python.withTorch != nil, Comment(rawValue: Python.isMissing)))
    func pythonReadsWhatIsWritten() throws {
        try inFolder { folder in
            let url = folder.appending(path: "file")
            let weight = Tensor.normal([3, 2], using: Generator(seed: 1))
            var tensors = Dictionary(
                uniqueKeysWithValues: DType.allCases.map { dtype in
                    ("\(dtype)", (Tensor.normal([2, 3], using: Generator(seed: 0)) * 3).to(dtype: dtype))
                })
            tensors.merge([
                "ä\"\n重": Tensor(0.1, dtype: .float64), "none": .zeros([0, 4]), "view": weight.transposed(),
                "b.tied": weight.clone(),
            ]) { $1 }
            tensors["tied"] = tensors["b.tied"]
            try Safetensors(tensors: tensors, metadata: ["format": "pt", "é\\": "\u{1}"]).write(to: url)
            // Python's own library makes the same bytes of the same tensors.
            try Python.withTorch!.run(
                #"""
                import pathlib, sys, torch, safetensors, safetensors.torch
                file = sys.argv[1]
                read = safetensors.torch.load_file(file)
                names = {"uint8": torch.uint8, "int64": torch.int64, "float16": torch.float16, "float32": torch.float32,
                         "float64": torch.float64, "bool": torch.bool, "bfloat16": torch.bfloat16}
                normal = torch.randn([2, 3], generator=torch.Generator().manual_seed(0)) * 3
                for name, dtype in names.items():
                    assert torch.equal(read[name], normal.to(dtype)), name
                weight = torch.randn([3, 2], generator=torch.Generator().manual_seed(1))
                assert torch.equal(read["view"], weight.T) and torch.equal(read["b.tied"], weight)
                assert read["ä\"\n重"].shape == () and read["ä\"\n重"].item() == 0.1 and read["none"].shape == (0, 4)
                assert set(read) == {*names, "view", "b.tied", "ä\"\n重", "none"}
                with safetensors.safe_open(file, "pt") as opened:
                    metadata = opened.metadata()
                assert metadata == {"format": "pt", "é\\": "\x01", "tied": "b.tied"}, metadata
                again = safetensors.torch.save(read, metadata)
                own = pathlib.Path(file).read_bytes()
                length = int.from_bytes(own[:8], "little")
                assert length % 8 == 0 and own[:8] == again[:8]
                # Python puts the metadata in any order.
                first = own.index(b'"int64":{')
                assert own[first:] == again[again.index(b'"int64":{'):]
                """#, url.path)
        }
    }

    @Test(.enabled(if: Python.withTorch != nil, Comment(rawValue: Python.isMissing)))
    func whatPythonWritesIsRead() throws {
        try inFolder { folder in
            let url = folder.appending(path: "file")
            try Python.withTorch!.run(
                #"""
                import sys, torch, safetensors.torch
                class Tied(torch.nn.Module):
                    def __init__(self):
                        super().__init__()
                        self.embedding = torch.nn.Embedding(5, 3)
                        self.head = torch.nn.Linear(3, 5)
                        self.head.weight = self.embedding.weight
                        self.register_buffer("halves", torch.tensor([0.1, 65504.0]).half())
                        self.register_buffer("brain", torch.tensor(0.1).bfloat16())
                        self.register_buffer("flags", torch.tensor([[True], [False]]))
                model = Tied()
                with torch.no_grad():
                    model.embedding.weight.copy_(torch.arange(15).reshape(5, 3) / 7)
                    model.head.bias.copy_(torch.arange(5.0))
                safetensors.torch.save_model(model, sys.argv[1], {"format": "pt"})
                """#, url.path)
            let read = try Safetensors(contentsOf: url)
            #expect(
                Set(read.tensors.keys) == ["embedding.weight", "head.weight", "head.bias", "halves", "brain", "flags"])
            #expect(read.metadata == ["format": "pt"])
            #expect(read.tensors["embedding.weight"]!.elements() == (0..<15).map { Float($0) / 7 })
            #expect(read.tensors["head.weight"]!.isIdentical(to: read.tensors["embedding.weight"]!))
            #expect(read.tensors["head.bias"]!.elements() == [0, 1, 2, 3, 4] as [Float])
            #expect(read.tensors["halves"]!.doubles() == [0.0999755859375, 65504])
            #expect(read.tensors["brain"]!.shape == [] && read.tensors["brain"]!.item() == 0.10009765625)
            #expect(read.tensors["flags"]!.dtype == .bool && read.tensors["flags"]!.doubles() == [1, 0])
            // Written again it is the same tensors under the same names to Python.
            let copy = folder.appending(path: "copy")
            try read.write(to: copy)
            try Python.withTorch!.run(
                #"""
                import sys, torch, safetensors
                with safetensors.safe_open(sys.argv[1], "pt") as old, safetensors.safe_open(sys.argv[2], "pt") as new:
                    assert old.metadata() == new.metadata() and set(old.keys()) == set(new.keys())
                    assert all(torch.equal(old.get_tensor(name), new.get_tensor(name)) for name in old.keys())
                """#, url.path, copy.path)
        }
    }
}

/// Makes a folder, and removes it after the call.
private func inFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try body(folder)
    }
}

/// The numbers of a generator as Swift's own library takes them.
private struct RandomWords: RandomNumberGenerator {
    let generator: Generator

    mutating func next() -> UInt64 {
        let halves: [Int64] = Tensor.integers([2], in: 0..<1 << 32, using: generator).elements()
        return UInt64(halves[0]) << 32 | UInt64(halves[1])
    }
}
