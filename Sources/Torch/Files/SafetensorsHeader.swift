/// What stands before the data of a safetensors file: the name, type, shape and place of each tensor, and the metadata.
struct SafetensorsHeader {
    /// What the header says of a tensor.
    struct Entry {
        let name: String
        let dtype: DType
        let shape: [Int]
        /// Its bytes, counted from the beginning of the data.
        let bytes: Range<Int>
    }

    /// The tensors, in the order of their bytes.
    var entries: [Entry] = []
    /// The texts.
    var metadata: [String: String] = [:]

    /// The longest header that there is.
    static let byteLimit = 100_000_000
    /// The bytes that the length of the header takes.
    static let lengthByteCount = 8
    /// The name in the header under which the metadata are.
    static let metadataName = "__metadata__"
    private static let (dtypeField, shapeField, rangeField) = ("dtype", "shape", "data_offsets")

    /// A header that is to be written; the bytes of the tensors follow one another.
    init(entries: [Entry], metadata: [String: String]) {
        self.entries = entries
        self.metadata = metadata
    }

    // MARK: Reading

    /// The header of a file of the given bytes, and the bytes behind it.
    static func read(
        _ file: UnsafeRawBufferPointer
    ) throws(SafetensorsDefect) -> (header: SafetensorsHeader, data: UnsafeRawBufferPointer) {
        guard file.count >= lengthByteCount else { throw .noHeaderLength(byteCount: file.count) }
        // A zip archive, as it is written today, or a pickle, as it was before 2020.
        guard !file.starts(with: "PK\u{3}\u{4}".utf8), !file.starts(with: [0x80, 2, 0x8a, 0x0a]) else {
            throw .torchSave
        }
        let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard length <= byteLimit else { throw .headerTooLong(byteCount: length) }
        let start = lengthByteCount + Int(length)
        guard file.count >= start else { throw .truncatedHeader(byteCount: file.count, expected: start) }
        let data = UnsafeRawBufferPointer(rebasing: file[start...])
        let text = UnsafeRawBufferPointer(rebasing: file[lengthByteCount..<start])
        return (try SafetensorsHeader(text, dataByteCount: data.count), data)
    }

    private init(_ text: UnsafeRawBufferPointer, dataByteCount: Int) throws(SafetensorsDefect) {
        guard text.first == UInt8(ascii: "{") else { throw .notAnObject }
        var scanner = HeaderScanner(text)
        try scanner.beginObject()
        var names: Set<String> = []
        while let name = try scanner.nextName(&names) {
            if name == Self.metadataName {
                metadata = try Self.metadata(&scanner)
            } else {
                entries.append(try Entry(name, &scanner, dataByteCount: dataByteCount))
            }
        }
        try scanner.end()
        entries.sort { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
        try checkThatBytesAreUsedOnce(dataByteCount)
    }

    private static func metadata(_ scanner: inout HeaderScanner) throws(SafetensorsDefect) -> [String: String] {
        guard try scanner.nextKind() == .object else { throw .metadataNotAnObject }
        try scanner.beginObject()
        var names: Set<String> = []
        var metadata: [String: String] = [:]
        while let name = try scanner.nextName(&names) {
            guard try scanner.nextKind() == .text else { throw .metadataNotAText(name: name) }
            metadata[name] = try scanner.text()
        }
        return metadata
    }

    /// Bytes that are nobody's could hide something, and those of two tensors more than the file seems to have.
    private func checkThatBytesAreUsedOnce(_ dataByteCount: Int) throws(SafetensorsDefect) {
        var end = 0
        for (index, entry) in entries.enumerated() {
            guard entry.bytes.lowerBound <= end else { throw .unusedBytes(end..<entry.bytes.lowerBound) }
            guard entry.bytes.lowerBound == end else {
                throw .tensor(name: entry.name, .overlaps(entries[index - 1].name))
            }
            end = entry.bytes.upperBound
        }
        guard end == dataByteCount else { throw .unusedBytes(end..<dataByteCount) }
    }

    // MARK: Writing

    /// The bytes before the data: the length and the text, with spaces behind it up to a multiple of eight bytes, where the
    /// elements of any type may begin.
    var encoded: [UInt8] {
        var members = entries.map { entry in
            "\(entry.name.inJSON):{\"\(Self.dtypeField)\":\"\(entry.dtype.safetensorsName)\",\"\(Self.shapeField)\":["
                + entry.shape.map(String.init).joined(separator: ",")
                + "],\"\(Self.rangeField)\":[\(entry.bytes.lowerBound),\(entry.bytes.upperBound)]}"
        }
        if !metadata.isEmpty {
            let texts = metadata.sorted { $0.key.precedes($1.key) }
            let object = texts.map { "\($0.key.inJSON):\($0.value.inJSON)" }.joined(separator: ",")
            members.insert("\"\(Self.metadataName)\":{\(object)}", at: 0)
        }
        var text = [UInt8]("{\(members.joined(separator: ","))}".utf8)
        text += repeatElement(UInt8(ascii: " "), count: -text.count & 7)
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, [UInt8].init) + text
    }
}

extension SafetensorsHeader.Entry {
    /// Takes the value of a name.
    fileprivate init(
        _ name: String, _ scanner: inout HeaderScanner, dataByteCount: Int
    ) throws(SafetensorsDefect) {
        func defect(_ defect: TensorDefect) -> SafetensorsDefect { .tensor(name: name, defect) }

        guard try scanner.nextKind() == .object else { throw defect(.notAnObject) }
        try scanner.beginObject()
        var names: Set<String> = []
        var (typeName, shape, ends): (String?, [Int]?, [Int]?)
        while let field = try scanner.nextName(&names) {
            switch field {
            case SafetensorsHeader.dtypeField:
                guard try scanner.nextKind() == .text else { throw defect(.wrongField(field, expected: "a text")) }
                typeName = try scanner.text()
            case SafetensorsHeader.shapeField:
                // libtorch takes no more dimensions.
                shape = try scanner.naturalNumbers(atMost: 64)
                if shape == nil { throw defect(.wrongField(field, expected: "an array of at most 64 whole numbers")) }
            case SafetensorsHeader.rangeField:
                ends = try scanner.naturalNumbers(atMost: 2)
                if ends?.count != 2 { throw defect(.wrongField(field, expected: "an array of 2 whole numbers")) }
            // What another version of the format may say of a tensor beyond that.
            default: try scanner.skipValue()
            }
        }
        guard let typeName else { throw defect(.missingField(SafetensorsHeader.dtypeField)) }
        guard let shape else { throw defect(.missingField(SafetensorsHeader.shapeField)) }
        guard let ends else { throw defect(.missingField(SafetensorsHeader.rangeField)) }
        guard let dtype = DType(safetensorsName: typeName) else { throw defect(.unknownElementType(typeName)) }
        guard ends[0] <= ends[1], ends[1] <= dataByteCount else {
            throw defect(.wrongRange(from: ends[0], to: ends[1], byteCount: dataByteCount))
        }
        // Of a shape without elements too, as libtorch counts: it multiplies the extents that are not zero.
        let largest = shape.reduce(Int?(dtype.byteCount)) { product, extent in
            guard let (value, isTooLarge) = product?.multipliedReportingOverflow(by: max(extent, 1)) else { return nil }
            return isTooLarge ? nil : value
        }
        guard let largest else { throw defect(.tooManyElements(shape: shape)) }
        let byteCount = shape.contains(0) ? 0 : largest
        guard ends[1] - ends[0] == byteCount else {
            throw defect(.wrongByteCount(ends[1] - ends[0], expected: byteCount, shape: shape, dtype: dtype))
        }
        (self.name, self.dtype, self.shape, bytes) = (name, dtype, shape, ends[0]..<ends[1])
    }
}

extension DType {
    /// The types and what they are called, in the order in which Python's library writes tensors: where the elements of a type
    /// begin is then a multiple of their size.
    private static let safetensors: [(dtype: DType, name: String)] = [
        (.int64, "I64"), (.float64, "F64"), (.float32, "F32"), (.bfloat16, "BF16"), (.float16, "F16"), (.uint8, "U8"),
        (.bool, "BOOL"),
    ]

    /// What a safetensors file calls the types.
    static var safetensorsNames: [String] { safetensors.map(\.name) }

    /// The type that a safetensors file calls so; nil if it is another one.
    init?(safetensorsName name: String) {
        guard let dtype = Self.safetensors.first(where: { $0.name == name })?.dtype else { return nil }
        self = dtype
    }

    /// What a safetensors file calls the type.
    var safetensorsName: String { Self.safetensors[safetensorsRank].name }

    /// The place of the type among those of a safetensors file.
    var safetensorsRank: Int { Self.safetensors.firstIndex { $0.dtype == self }! }
}

extension String {
    /// Whether the text comes before another one by the numbers of its characters, as in Python.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }

    /// The text in JSON, with escapes only where there must be some.
    fileprivate var inJSON: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\u{8}": text += "\\b"
            case "\t": text += "\\t"
            case "\n": text += "\\n"
            case "\u{c}": text += "\\f"
            case "\r": text += "\\r"
            case "\0"..<" ": text += (scalar.value < 16 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
