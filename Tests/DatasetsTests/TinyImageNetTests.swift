import Foundation
import Testing
import Torch

@testable import Datasets

@Suite struct TinyImageNetTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let colours: [[UInt8]] = [
        [250, 10, 20], [30, 240, 50], [60, 70, 230], [200, 100, 0], [0, 128, 255], [90, 90, 90], [255, 255, 0],
    ]

    /// The bytes of an image of a colour.
    private static func image(_ colour: Int) -> [UInt8] {
        jpeg(red: colours[colour][0], green: colours[colour][1], blue: colours[colour][2])
    }

    private static func line(_ image: String, _ identifier: String) -> String {
        "\(image)\t\(identifier)\t0\t32\t44\t62\n"
    }

    /// A folder of two classes: three training images of the first, one of the second, and three to test with.
    private static let files: [String: [UInt8]] = [
        "wnids.txt": Array("n02\nn01\n".utf8),
        "train/n02/images/n02_0.JPEG": image(0),
        "train/n02/images/n02_1.JPEG": image(1),
        "train/n02/images/n02_10.JPEG": image(2),
        "train/n01/images/n01_0.JPEG": image(3),
        "val/val_annotations.txt": Array(
            (line("val_1.JPEG", "n01") + line("val_0.JPEG", "n02") + line("val_2.JPEG", "n01")).utf8),
        "val/images/val_0.JPEG": image(4),
        "val/images/val_1.JPEG": image(5),
        "val/images/val_2.JPEG": image(6),
    ]

    /// Writes the files, with some replaced, or left out for nil.
    private func write(
        to subfolder: String = "tiny-imagenet", replacing replacements: [String: [UInt8]?] = [:]
    ) throws {
        for case (let name, let bytes?) in (Self.files as [String: [UInt8]?]).merging(
            replacements, uniquingKeysWith: { $1 })
        {
            try folder.write(bytes, to: "\(subfolder)/\(name)")
        }
    }

    private func path(_ name: String) -> String { folder.url.path + "/tiny-imagenet/" + name }

    private func read(temporaryFolder: URL? = nil) throws(DatasetError) -> Split<ImageDataset> {
        try TinyImageNetFolder(
            root: folder.url, temporaryFolder: temporaryFolder ?? folder.url.appendingPathComponent("nowhere")
        ).read()
    }

    /// The largest difference between the pixels of an image, `[3, H, W]`, and the pixels in the order of `jpeg(_:)`.
    private func difference(_ image: Tensor, _ pixels: [UInt8]) -> Int {
        let area = image.size(1) * image.size(2)
        let planes = image.elements(as: UInt8.self)
        return (0..<3 * area).map { abs(Int(planes[$0 % 3 * area + $0 / 3]) - Int(pixels[$0])) }.max()!
    }

    /// Which of the colours each image has, in order.
    private func colours(_ samples: ImageDataset) -> [Int?] {
        (0..<samples.count).map { index in
            Self.colours.firstIndex { colour in
                difference(samples.images.selected(0, index), (0..<64).flatMap { _ in colour }) <= 2
            }
        }
    }

    private func expectTheFiles(_ split: Split<ImageDataset>, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(split.name == "tiny-imagenet", sourceLocation: sourceLocation)
        #expect(split.train.classCount == 2 && split.test.classCount == 2, sourceLocation: sourceLocation)
        #expect(split.train.images.shape == [4, 3, 8, 8], sourceLocation: sourceLocation)
        #expect(split.test.images.shape == [3, 3, 8, 8], sourceLocation: sourceLocation)
        #expect(split.train.images.dtype == .uint8, sourceLocation: sourceLocation)
        #expect(split.train.labels.elements() == [0, 1, 0, 0] as [Int64], sourceLocation: sourceLocation)
        #expect(colours(split.train) == [0, 3, 1, 2], sourceLocation: sourceLocation)
        #expect(split.test.labels.elements() == [1, 0, 1] as [Int64], sourceLocation: sourceLocation)
        #expect(colours(split.test) == [5, 4, 6], sourceLocation: sourceLocation)
    }

    // MARK: Files as they should be

    @Test(arguments: ["tiny-imagenet", "tiny-imagenet-200"])
    func readsTheFolderOfTheArchive(subfolder: String) throws {
        try write(to: subfolder)
        // What else is in the archive, and what file managers leave.
        try folder.write([1, 2, 3], to: "\(subfolder)/train/n02/n02_boxes.txt")
        try folder.write([1, 2, 3], to: "\(subfolder)/train/n02/images/.DS_Store")
        try folder.write([1, 2, 3], to: "\(subfolder)/train/n02/images/._n02_0.JPEG")
        try folder.write([1, 2, 3], to: "\(subfolder)/test/images/test_0.JPEG")
        try expectTheFiles(read())
        try expectTheFiles(Catalog(folder: folder.url).images(.tinyImageNet))
    }

    @Test func readsLinesAsWindowsEndsThem() throws {
        let annotations = String(decoding: Self.files["val/val_annotations.txt"]!, as: UTF8.self)
        try write(replacing: [
            "wnids.txt": Array("n02\r\n\r\nn01".utf8),
            "val/val_annotations.txt": Array(annotations.replacingOccurrences(of: "\n", with: "\r\n").utf8),
        ])
        try expectTheFiles(read())
    }

    @Test func decodesAllColoursInTheirPlaces() throws {
        // Red grows to the right, green downwards, blue falls to the right; 24 rows and 40 columns.
        let pixels = (0..<24 * 40).flatMap { position -> [UInt8] in
            let (row, column) = position.quotientAndRemainder(dividingBy: 40)
            return [UInt8(column * 6), UInt8(row * 10), UInt8(250 - column * 6)]
        }
        var replacements: [String: [UInt8]?] = [:]
        for name in Self.files.keys where name.hasSuffix("JPEG") {
            replacements[name] = jpeg(pixels, height: 24, width: 40)
        }
        replacements["val/images/val_1.JPEG"] = jpeg(pixels, height: 24, width: 40, isProgressive: true)
        try write(replacing: replacements)
        let split = try read()
        #expect(split.train.inputShape == [3, 24, 40])
        #expect(difference(split.train.images.selected(0, 2), pixels) <= 3)
        #expect(difference(split.test.images.selected(0, 0), pixels) <= 3)
        // The planes as such: the first row of each.
        let image = split.train.images.selected(0, 0)
        let rows = (0..<3).map { image.selected(0, $0).selected(0, 0).elements(as: UInt8.self).map(Int.init) }
        for column in 0..<40 {
            #expect(abs(rows[0][column] - column * 6) <= 3)
            #expect(rows[1][column] <= 3)
            #expect(abs(rows[2][column] - (250 - column * 6)) <= 3)
        }
    }

    @Test func graysGetThreeEqualPlanes() throws {
        let gray = (0..<64).map { UInt8($0 * 4) }
        try write(replacing: ["train/n01/images/n01_0.JPEG": jpeg(gray, height: 8, width: 8, isGray: true)])
        let image = try read().train.images.selected(0, 1)
        #expect(difference(image, gray.flatMap { [$0, $0, $0] }) <= 2)
        #expect(image.selected(0, 0).elements(as: UInt8.self) == image.selected(0, 2).elements())
    }

    /// The bytes of an image that is no multiple of a block, with chroma of half the resolution, as Pillow decodes it.
    @Test func decodesAsPillowDoes() throws {
        var replacements: [String: [UInt8]?] = [:]
        for name in Self.files.keys where name.hasSuffix("JPEG") { replacements[name] = PillowImage.file }
        try write(replacing: replacements)
        let image = try read().test.images.selected(0, 2)
        #expect(image.shape == [3, 10, 12])
        #expect(image.elements() == PillowImage.planes)
    }

    /// Some programs leave bytes between the picture and its end; Pillow gives the same pixels with and without them.
    @Test(arguments: [[0], [0, 0, 0, 0], [0x12, 0x34, 0x56], [UInt8](repeating: 0x41, count: 16)] as [[UInt8]])
    func decodesImagesWithAFewBytesBeforeTheirEnd(extraneous: [UInt8]) throws {
        #expect(PillowImage.file.suffix(2) == [0xff, 0xd9])
        let file = Array(PillowImage.file.dropLast(2)) + extraneous + [0xff, 0xd9]
        var replacements: [String: [UInt8]?] = [:]
        for name in Self.files.keys where name.hasSuffix("JPEG") { replacements[name] = file }
        try write(replacing: replacements)
        #expect(try read().train.images.selected(0, 1).elements() == PillowImage.planes)
    }

    @Test func refusesManyBytesBeforeTheEnd() throws {
        let name = "train/n01/images/n01_0.JPEG"
        let file = Array(Self.image(3).dropLast(2)) + [UInt8](repeating: 0x41, count: 30) + [0xff, 0xd9]
        try? FileManager.default.removeItem(atPath: path(""))
        try write(replacing: [name: file])
        let error = #expect(throws: DatasetError.self) { try read() }
        #expect(error?.description.contains("extraneous bytes before marker 0xd9") == true)
    }

    @Test func theMappedImagesMakeBatchesAndPrefixes() throws {
        try write()
        let train = try read().train.scaled(.unit)
        let batch = train.batch(Tensor([3, 0] as [Int64]))
        #expect(batch.inputs.shape == [2, 3, 8, 8])
        #expect(batch.targets.elements() == [0, 0] as [Int64])
        let bytes = train.images.elements(as: UInt8.self)
        #expect(batch.inputs.elements() == (bytes[576...] + bytes[..<192]).map { Float($0) / 255 })
        let prefix = train.prefix(2)
        #expect(prefix.images.sharesStorage(with: train.images))
        #expect(prefix.labels.elements() == [0, 1] as [Int64])
        #expect(colours(prefix) == [0, 3])
        #expect(train.batches(of: 3, shuffledBy: Generator(seed: 1)).map(\.count) == [3, 1])
    }

    /// More images than one thread decodes at a time.
    @Test func keepsTheOrderOfManyImages() throws {
        var replacements: [String: [UInt8]?] = [:]
        for index in 0..<200 {
            let level = UInt8(index)
            // Names of equal length sort as the numbers do.
            replacements["train/n01/images/n01_\(1000 + index).JPEG"] = jpeg(red: level, green: level, blue: level)
        }
        try write(replacing: replacements)
        let train = try read().train
        #expect(train.count == 204)
        #expect(train.labels.elements(as: Int64.self) == [0, 1, 0, 1, 0] + [Int64](repeating: 1, count: 199))
        // After the two turns in which the first class has images as well.
        let corners = train.images.narrowed(0, to: 5..<204).reshaped([199, 192]).narrowed(1, to: 0..<1)
        for (index, corner) in corners.elements(as: UInt8.self).enumerated() {
            #expect(abs(Int(corner) - (index + 1)) <= 1, "image \(index)")
        }
    }

    @Test func takesWhatIsAnImageAndNamesWhatIsPassedOver() throws {
        var replacements = Self.files.filter { $0.key.hasPrefix("train/n02") }.mapValues { _ in nil as [UInt8]? }
        for (index, name) in ["n02_0.jpg", "n02_1.Jpeg", "é.JPEG"].enumerated() {
            replacements["train/n02/images/" + name] = Self.image(index)
        }
        replacements["train/n02/images/Thumbs.db"] = [1]
        replacements["train/n02/images/notes.txt"] = [1]
        replacements["train/n03/images/n03_0.JPEG"] = Self.image(0)
        replacements["val/images/more.JPEG"] = Self.image(0)
        replacements["val/images/.DS_Store"] = [1]
        try write(replacing: replacements)
        let split = try read()
        expectTheFiles(split)
        #expect(
            split.warnings.filter { if case .passedOver = $0.concern { true } else { false } } == [
                DatasetWarning(path: path("train"), .passedOver(2, first: "n02/images/Thumbs.db", .noImageName)),
                DatasetWarning(path: path("train"), .passedOver(1, first: "n03", .notListed(in: "wnids.txt"))),
                DatasetWarning(
                    path: path("val/images"),
                    .passedOver(1, first: "more.JPEG", .notListed(in: "val/val_annotations.txt"))),
            ])
        #expect(
            split.warnings[0].description
                == path("train")
                + ": 2 entries were passed over, 'n02/images/Thumbs.db' first: images are those whose names "
                + "end in .JPEG, .jpeg or .jpg")
        #expect(split.sizes == [.trainingImages: 4, .testImages: 3, .classes: 2, .height: 8, .width: 8])
    }

    @Test func passesOverNamesThatAreNoText() throws {
        try write()
        let name = path("train/n02/images/").utf8.map { CChar(bitPattern: $0) } + [-1, 0x2e, 0x6a, 0x70, 0x67, 0]
        let file = fopen(name, "w")
        #expect(file != nil && fclose(file) == 0)
        let split = try read()
        expectTheFiles(split)
        #expect(
            split.warnings.contains(
                DatasetWarning(path: path("train"), .passedOver(1, first: "n02/images/\u{fffd}.jpg", .noImageName))))
    }

    /// As scripts for PyTorch sort the images to test with, with and without the list beside them.
    @Test(arguments: ["/images", ""], [true, false]) func readsTestImagesInFoldersByClass(
        images: String, isListed: Bool
    ) throws {
        var replacements = Self.files.filter { $0.key.hasPrefix("val/images") }.mapValues { _ in nil as [UInt8]? }
        if !isListed { replacements["val/val_annotations.txt"] = nil as [UInt8]? }
        replacements["val/n02\(images)/val_0.JPEG"] = Self.image(4)
        replacements["val/n01\(images)/val_1.JPEG"] = Self.image(5)
        replacements["val/n01\(images)/val_2.JPEG"] = Self.image(6)
        try write(replacing: replacements)
        let test = try read().test
        #expect(test.labels.elements() == [0, 1, 1] as [Int64])
        #expect(colours(test) == [4, 5, 6])
    }

    @Test func readsListsWithMarksAndTrainingImagesWithoutTheInnerFolder() throws {
        var replacements = Self.files.filter { $0.key.hasPrefix("train/") }.mapValues { _ in nil as [UInt8]? }
        for (name, bytes) in Self.files where name.hasPrefix("train/") {
            replacements[name.replacing("/images", with: "")] = bytes
        }
        replacements["wnids.txt"] = Array("\u{feff}n02\r\nn01\r\n".utf8)
        try write(replacing: replacements)
        try expectTheFiles(read())
    }

    // MARK: Decoded images

    /// Changes the content of a file, but neither its size nor its time, or its time, too.
    private func damage(_ name: String, changingTime: Bool) throws {
        let files = FileManager.default
        let time = try #require(files.attributesOfItem(atPath: path(name))[.modificationDate] as? Date)
        var status = stat()
        #expect(stat(path(name), &status) == 0)
        try folder.write([UInt8](repeating: 0, count: Int(status.st_size)), to: "tiny-imagenet/\(name)")
        if changingTime {
            try files.setAttributes([.modificationDate: time + 10], ofItemAtPath: path(name))
        } else {
            var times = [status.st_atim, status.st_mtim]
            #expect(utimensat(AT_FDCWD, path(name), &times, 0) == 0)
        }
    }

    private func content(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    @Test func decodesEachImageOnce() throws {
        try write()
        let first = try read()
        for name in Self.files.keys where name.hasSuffix("JPEG") { try damage(name, changingTime: false) }
        try expectTheFiles(read())
        // The images that were read before stay as they are.
        expectTheFiles(first)
        let names = try FileManager.default.contentsOfDirectory(atPath: path(""))
        #expect(names.sorted() == ["decoded-train.uint8", "decoded-val.uint8", "train", "val", "wnids.txt"])
        // The pixels, then the note.
        #expect(try content("decoded-train.uint8").dropLast(48) == first.train.images.elements()[...])
        #expect(try content("decoded-val.uint8").count == 3 * 192 + 48)
    }

    @Test(arguments: ["train/n02/images/n02_1.JPEG", "val/images/val_2.JPEG"])
    func decodesAgainWhatHasAnotherTime(name: String) throws {
        try write()
        _ = try read()
        try damage(name, changingTime: true)
        #expect(throws: DatasetError.file(path: path(name), .notJPEG)) { try read() }
        // A failure leaves nothing that a later start could take for decoded images.
        #expect(throws: DatasetError.file(path: path(name), .notJPEG)) { try read() }
        #expect(!FileManager.default.fileExists(atPath: path("decoded-train.uint8.partial")))
        try folder.write(Self.files[name]!, to: "tiny-imagenet/\(name)")
        try expectTheFiles(read())
    }

    @Test func decodesAgainWhereImagesAreMoreOrHaveOtherNames() throws {
        try write()
        _ = try read()
        try folder.write(Self.image(6), to: "tiny-imagenet/train/n01/images/n01_1.JPEG")
        #expect(try colours(read().train) == [0, 3, 1, 6, 2])
        try FileManager.default.moveItem(
            atPath: path("train/n02/images/n02_0.JPEG"), toPath: path("train/n02/images/n02_2.JPEG"))
        #expect(try colours(read().train) == [1, 3, 2, 6, 0])
        // Another order of the lines is another order of the images.
        try folder.write(
            Array((Self.line("val_0.JPEG", "n02") + Self.line("val_2.JPEG", "n01")).utf8),
            to: "tiny-imagenet/val/val_annotations.txt")
        #expect(try colours(read().test) == [4, 6])
    }

    @Test func labelsAreNotKept() throws {
        try write()
        _ = try read()
        let annotations = ["val_1.JPEG", "val_0.JPEG", "val_2.JPEG"].map { Self.line($0, "n01") }.joined()
        try folder.write(Array(annotations.utf8), to: "tiny-imagenet/val/val_annotations.txt")
        for name in Self.files.keys where name.hasSuffix("JPEG") { try damage(name, changingTime: false) }
        let test = try read().test
        #expect(test.labels.elements() == [1, 1, 1] as [Int64])
        #expect(colours(test) == [5, 4, 6])
    }

    @Test func decodesAgainWhatWasDamagedAfterwards() throws {
        try write()
        _ = try read()
        let whole = try content("decoded-train.uint8")
        var damaged: [[UInt8]] = [[], [1], Array(whole.dropLast()), Array(whole.dropFirst()), whole + [0]]
        damaged += [Array(whole.suffix(48)), [UInt8](repeating: 255, count: whole.count)]
        // All of the note, and pixels here and there.
        damaged += ([0, 1, 500, whole.count - 49] + (whole.count - 48..<whole.count)).map { position in
            var bytes = whole
            bytes[position] ^= 0x81
            return bytes
        }
        for bytes in damaged {
            try folder.write(bytes, to: "tiny-imagenet/decoded-train.uint8")
            try expectTheFiles(read())
            #expect(try content("decoded-train.uint8") == whole)
        }
        // Nor is a folder or a pipe in its place in the way.
        for make in [{ mkdir($0, 0o777) }, { mkfifo($0, 0o666) }] as [(String) -> Int32] {
            try FileManager.default.removeItem(atPath: path("decoded-train.uint8"))
            #expect(make(path("decoded-train.uint8")) == 0)
            try expectTheFiles(read())
        }
    }

    @Test func overwritesWhatAnEndedProcessLeft() throws {
        try write()
        try folder.write([UInt8](repeating: 7, count: 5000), to: "tiny-imagenet/decoded-train.uint8.partial")
        try expectTheFiles(read())
        #expect(try content("decoded-train.uint8").count == 4 * 192 + 48)
        #expect(!FileManager.default.fileExists(atPath: path("decoded-train.uint8.partial")))
    }

    @Test func manyCanReadAtATime() async throws {
        try write()
        let root = folder.url
        let shapes = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 {
                group.addTask { try TinyImageNetFolder(root: root).read().train.images.elements(as: UInt8.self) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(shapes).count == 1 && shapes.count == 16)
        try expectTheFiles(read())
        #expect(try FileManager.default.contentsOfDirectory(atPath: path("")).count == 5)
    }

    /// A folder in the place of the file makes writing impossible to all, whoever runs the tests.
    @Test func readsWhereNothingCanBeWritten() throws {
        try write()
        for name in ["decoded-train.uint8.partial", "decoded-val.uint8.partial"] {
            try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: false)
        }
        let temporary = folder.url.appendingPathComponent("temporary")
        #expect(throws: DatasetError.file(path: temporary.path, .unwritable("No such file or directory"))) {
            try read(temporaryFolder: temporary)
        }
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: false)
        let split = try read(temporaryFolder: temporary)
        expectTheFiles(split)
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == [], "the file has no name")
        #expect(!FileManager.default.fileExists(atPath: path("decoded-train.uint8")))
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser may write anywhere")) func readsAFolderWithoutPermissionToWrite()
        throws
    {
        try write()
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: path(""))
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path("")) }
        try expectTheFiles(read(temporaryFolder: folder.url))
    }

    // MARK: Defects

    /// Checks that reading fails as expected with a sentence that names the file.
    private func expect(
        _ defect: FileDefect, about name: String, replacing replacements: [String: [UInt8]?],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try? FileManager.default.removeItem(atPath: path(""))
        try write(replacing: replacements)
        let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) { try read() }
        #expect(error == .file(path: path(name), defect), sourceLocation: sourceLocation)
        #expect(error?.description.hasPrefix(path(name) + ": ") == true, sourceLocation: sourceLocation)
    }

    @Test func namesAllMissingParts() throws {
        let error = #expect(throws: DatasetError.self) { try read() }
        #expect(
            error
                == .missingFiles(
                    dataset: "tiny-imagenet", folder: folder.url.path + "/tiny-imagenet",
                    files: ["wnids.txt", "train", "val/val_annotations.txt", "val/images"],
                    found: FolderContents(path: folder.url.path, names: []),
                    remedy: .putOrUnpack(archive: "tiny-imagenet-200.zip")))
        try write(
            to: "tiny-imagenet-200",
            replacing: ["wnids.txt": nil as [UInt8]?, "val/val_annotations.txt": nil as [UInt8]?])
        let found = folder.url.path + "/tiny-imagenet-200"
        let message = try #require(#expect(throws: DatasetError.self) { try read() }?.description)
        #expect(
            message
                == "data set 'tiny-imagenet' not found: \(found) lacks wnids.txt, val/val_annotations.txt, and \(found) has "
                + "train/, val/; run 'teleport data download tiny-imagenet' with the same --data, put there what "
                + "tiny-imagenet-200.zip unpacks to, or name another data folder with --data"
        )
    }

    @Test func refusesListsOfClassesThatAreNone() throws {
        let expected = "the identifier of a class, such as n01443537"
        for text in ["..", ".", "n 01", "n01/../n02", "/etc", "n01\0", "é", ""] {
            try expect(
                text == "" ? .empty : .malformedLine(2, text: text, expected: expected), about: "wnids.txt",
                replacing: ["wnids.txt": Array((text == "" ? "\n \r\n" : "n02\n\(text)\n").utf8)])
        }
        try expect(.empty, about: "wnids.txt", replacing: ["wnids.txt": []])
        try expect(
            .malformedLine(1, text: "\u{fffd}", expected: expected), about: "wnids.txt",
            replacing: ["wnids.txt": [0xff]])
        try expect(
            .duplicate("n02", line: 4, firstLine: 1), about: "wnids.txt",
            replacing: ["wnids.txt": Array("n02\n\nn01\nn02\n".utf8)])
    }

    @Test func refusesClassesWithoutImages() throws {
        try expect(
            .listedButMissing(list: path("wnids.txt"), line: 3), about: "train/n03/images",
            replacing: ["wnids.txt": Array("n02\nn01\nn03\n".utf8)])
        try expect(
            .noImages, about: "train/n01/images",
            replacing: ["train/n01/images/n01_0.JPEG": nil as [UInt8]?, "train/n01/images/n01_0.png": [1]])
        // A file where the folder should be.
        try expect(
            .listedButMissing(list: path("wnids.txt"), line: 2), about: "train/n01/images",
            replacing: ["train/n01/images/n01_0.JPEG": nil as [UInt8]?, "train/n01/images": [1]])
    }

    @Test func refusesAnnotationsThatAreNone() throws {
        func expectDefect(_ defect: FileDefect, reading text: String) throws {
            try expect(
                defect, about: "val/val_annotations.txt", replacing: ["val/val_annotations.txt": Array(text.utf8)])
        }
        let expected = "a file name, a class identifier and the four numbers of a box, separated by tabs"
        for text in [
            "val_1.JPEG", "val_1.JPEG\tn01", "val_1.JPEG n01 0 0 1 1", "val_1.JPEG\tn01\t0\t0\t1\t1\t1",
            "../../x.JPEG\tn01\t0\t0\t1\t1", "val\0.JPEG\tn01\t0\t0\t1\t1",
        ] {
            try expectDefect(.malformedLine(2, text: text, expected: expected), reading: "\n\(text)\n")
        }
        try expectDefect(.empty, reading: "")
        try expectDefect(.empty, reading: "\n\n")
        try expectDefect(
            .unknownClass("n03", line: 2, list: path("wnids.txt")),
            reading: Self.line("val_1.JPEG", "n01") + Self.line("val_0.JPEG", "n03"))
        try expectDefect(
            .duplicate("val_1.JPEG", line: 3, firstLine: 1),
            reading: ["val_1.JPEG", "val_0.JPEG", "val_1.JPEG"].map { Self.line($0, "n01") }.joined())
        try expect(
            .listedButMissing(list: path("val/val_annotations.txt"), line: 2), about: "val/images/val_0.JPEG",
            replacing: ["val/images/val_0.JPEG": nil as [UInt8]?])
    }

    @Test func refusesWhatIsNoImage() throws {
        let name = "train/n02/images/n02_10.JPEG"
        try expect(.empty, about: name, replacing: [name: []])
        try expect(.notJPEG, about: name, replacing: [name: [0xff]])
        try expect(.otherFormat(.gif), about: name, replacing: [name: Array("GIF89a".utf8)])
        try expect(.otherFormat(.png), about: name, replacing: [name: [0x89] + Array("PNG\r\n".utf8)])
        try expect(.notARegularFile, about: name, replacing: [name: nil as [UInt8]?, name + "/inside": [1]])
        try expect(.missing, about: name, replacing: [name: nil as [UInt8]?]) {
            #expect(symlink("nowhere", $0) == 0)
        }
    }

    private func expect(
        _ defect: FileDefect, about name: String, replacing replacements: [String: [UInt8]?],
        after change: (String) -> Void
    ) throws {
        try? FileManager.default.removeItem(atPath: path(""))
        try write(replacing: replacements)
        change(path(name))
        #expect(throws: DatasetError.file(path: path(name), defect)) { try read() }
    }

    @Test func namesImagesInTheColoursOfPrint() throws {
        let name = "train/n02/images/n02_10.JPEG"
        try expect(.cmykJPEG, about: name, replacing: [name: cmykJPEG])
    }

    /// A header of some bytes can announce more pixels than there is memory for.
    @Test(arguments: ["train/n02/images/n02_0.JPEG", "train/n02/images/n02_10.JPEG", "val/images/val_1.JPEG"])
    func refusesImagesTooLargeToBeMeant(name: String) throws {
        var bytes = Self.image(0)
        let frame = try #require(bytes.indices.first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 })
        // After the marker come the length of the segment, the precision, the height and the width.
        bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0xdc, 0xff, 0xdc])
        try expect(.imageTooLarge([65_500, 65_500], pixelLimit: 1 << 22), about: name, replacing: [name: bytes])
    }

    @Test func refusesImagesOfAnotherSize() throws {
        let name = "train/n02/images/n02_10.JPEG"
        let first = path("train/n02/images/n02_0.JPEG")
        let wide = jpeg(red: 1, green: 2, blue: 3, height: 8, width: 16)
        try expect(.wrongJPEGSize([8, 16], expected: [8, 8], model: first), about: name, replacing: [name: wide])
        // Those to test with are as large as those to train on.
        try expect(
            .wrongJPEGSize([8, 16], expected: [8, 8], model: first), about: "val/images/val_1.JPEG",
            replacing: [
                "val/images/val_0.JPEG": wide, "val/images/val_1.JPEG": wide, "val/images/val_2.JPEG": wide,
            ])
        // Also where they were decoded when the others had their size.
        let small = Self.files.filter { $0.key.hasPrefix("train/") }.mapValues { _ in wide as [UInt8]? }
        try expect(
            .wrongJPEGSize([8, 8], expected: [8, 16], model: first), about: "val/images/val_1.JPEG", replacing: small)
        try write()
        _ = try read()
        for (name, bytes) in small { try folder.write(bytes!, to: "tiny-imagenet/\(name)") }
        #expect(
            throws: DatasetError.file(
                path: path("val/images/val_1.JPEG"), .wrongJPEGSize([8, 8], expected: [8, 16], model: first))
        ) { try read() }
    }

    @Test func reportsTheFirstOfManyDamagedImages() throws {
        var replacements: [String: [UInt8]?] = [:]
        for index in 0..<300 {
            replacements["train/n01/images/n01_\(1000 + index).JPEG"] =
                index < 130 ? Self.image(0) : [UInt8(index - 130)]
        }
        for _ in 0..<3 {
            try expect(.notJPEG, about: "train/n01/images/n01_1130.JPEG", replacing: replacements)
        }
    }

    /// A picture with something in each block.
    private static let noise: [UInt8] = {
        var random = SplitMix64(seed: 3)
        return jpeg((0..<16 * 16 * 3).map { _ in UInt8(random.integer(below: 256)) }, height: 16, width: 16)
    }()

    private func writeNoise() throws {
        try write(replacing: Self.files.filter { $0.key.hasSuffix("JPEG") }.mapValues { _ in Self.noise })
    }

    @Test func refusesTruncatedImages() throws {
        try writeNoise()
        _ = try read()
        let name = "train/n01/images/n01_0.JPEG"
        // The last two bytes mark the end, and nothing is lost with the very last.
        for length in stride(from: 2, to: Self.noise.count - 2, by: 5) {
            try folder.write(Array(Self.noise[..<length]), to: "tiny-imagenet/\(name)")
            let error = #expect(throws: DatasetError.self) { try read() }
            guard case .file(path(name), .damagedJPEG) = error else {
                Issue.record("\(length) bytes: \(String(describing: error))")
                continue
            }
        }
        try folder.write(Array(Self.noise.dropLast(Self.noise.count / 4)), to: "tiny-imagenet/\(name)")
        #expect(throws: DatasetError.file(path: path(name), .damagedJPEG("Premature end of JPEG file"))) { try read() }
    }

    @Test func survivesRandomDamage() throws {
        var random = SplitMix64(seed: 29)
        try writeNoise()
        let texts = ["wnids.txt", "val/val_annotations.txt"]
        for name in texts + ["train/n02/images/n02_0.JPEG", "val/images/val_0.JPEG"] {
            let original = texts.contains(name) ? Self.files[name]! : Self.noise
            var valid = 0
            for _ in 0..<200 {
                var bytes = original
                for _ in 0...random.integer(below: 3) {
                    // Half of the damage goes where headers are.
                    let end = random.integer(below: 2) == 0 ? min(700, bytes.count) : bytes.count
                    bytes[random.integer(below: end)] = UInt8(random.integer(below: 256))
                }
                if random.integer(below: 4) == 0 { bytes.removeLast(random.integer(below: bytes.count)) }
                try folder.write(bytes, to: "tiny-imagenet/\(name)")
                do throws(DatasetError) {
                    let split = try read()
                    valid += 1
                    #expect(split.test.images.shape == [split.test.count, 3, 16, 16])
                    #expect(split.train.labels.elements(as: Int64.self).allSatisfy { (0..<2).contains($0) })
                } catch {
                    #expect(error.description.hasPrefix(path("")), "\(error)")
                }
            }
            #expect(valid < 200, "\(name)")
            try folder.write(original, to: "tiny-imagenet/\(name)")
        }
    }
}
