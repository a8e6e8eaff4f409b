import Foundation
import Testing
import Torch

@testable import Datasets

@Suite struct MNISTFolderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let pixels = (0..<3 * 4 * 4).map { UInt8($0) }

    /// Writes three training and two test images of 4 x 4 pixels, with some of the files replaced, or left out for nil.
    private func write(compressed: Bool = false, replacing replacements: [String: [UInt8]?] = [:]) throws {
        var files: [String: [UInt8]?] = [
            "train-images-idx3-ubyte": idx(shape: [3, 4, 4], Self.pixels),
            "train-labels-idx1-ubyte": idx(shape: [3], [7, 0, 9]),
            "t10k-images-idx3-ubyte": idx(shape: [2, 4, 4], Self.pixels.suffix(32)),
            "t10k-labels-idx1-ubyte": idx(shape: [2], [1, 2]),
        ]
        files.merge(replacements) { _, new in new }
        for case (let name, let bytes?) in files {
            try folder.write(
                compressed ? gzip(bytes) : bytes, to: "fashion-mnist/" + name + (compressed ? ".gz" : ""))
        }
    }

    private func read() throws(DatasetError) -> Split<ImageDataset> {
        try Catalog(folder: folder.url).images(.fashionMNIST)
    }

    private func path(_ file: String) -> String { folder.url.path + "/fashion-mnist/" + file }

    @Test(arguments: [false, true]) func readsTheFourFiles(compressed: Bool) throws {
        try write(compressed: compressed)
        let split = try read()
        #expect(split.name == "fashion-mnist")
        #expect(split.train.classCount == 10)
        #expect(split.train.inputShape == [1, 4, 4])
        #expect(split.train.images.elements() == Self.pixels)
        #expect(split.train.labels.elements() == [7, 0, 9] as [Int64])
        #expect(split.test.images.elements() == Self.pixels.suffix(32))
        #expect(split.test.labels.elements() == [1, 2] as [Int64])
    }

    @Test func namesAllMissingFiles() throws {
        try write(replacing: ["train-labels-idx1-ubyte": nil as [UInt8]?, "t10k-images-idx3-ubyte": nil as [UInt8]?])
        let error = #expect(throws: DatasetError.self) { try read() }
        #expect(
            error
                == .missingFiles(
                    dataset: "fashion-mnist", folder: folder.url.path + "/fashion-mnist",
                    files: ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"],
                    found: FolderContents(
                        path: folder.url.path + "/fashion-mnist",
                        names: ["t10k-labels-idx1-ubyte", "train-images-idx3-ubyte"]),
                    remedy: .put))
        let message = try #require(error?.description)
        for part in [folder.url.path, "train-labels-idx1-ubyte", "teleport data download fashion-mnist", "--data"] {
            #expect(message.contains(part), "\(message)")
        }
    }

    @Test(arguments: [
        "fashion-mnist/train-images.idx3-ubyte", "FashionMNIST/raw/train-images-idx3-ubyte",
        "FashionMNIST/train-images.idx3-ubyte", "fashion-mnist/raw/train-images-idx3-ubyte",
        "fashion-mnist/FashionMNIST/raw/train-images-idx3-ubyte",
    ])
    func readsTheNamesAndFoldersOfOthers(path: String) throws {
        try write()
        let files = FileManager.default
        let target = folder.url.appendingPathComponent(path).deletingLastPathComponent()
        let source = folder.url.appendingPathComponent("source")
        try files.moveItem(at: folder.url.appendingPathComponent("fashion-mnist"), to: source)
        try files.createDirectory(at: target, withIntermediateDirectories: true)
        for name in try files.contentsOfDirectory(atPath: source.path) {
            let other = path.contains(".idx3") ? name.replacing("-idx", with: ".idx") : name
            try files.moveItem(at: source.appendingPathComponent(name), to: target.appendingPathComponent(other))
        }
        #expect(try read().train.images.elements() == Self.pixels)
        // Files of the same names are another data set elsewhere.
        #expect(throws: DatasetError.self) { try Catalog(folder: folder.url).dataset(.mnist) }
    }

    @Test func tellsHowMuchThereIs() throws {
        try write()
        #expect(try read().sizes == [.trainingImages: 3, .testImages: 2, .classes: 10, .height: 4, .width: 4])
    }

    @Test func warnsOfImagesAndLabelsThatTellNothing() throws {
        func concerns(_ images: [[UInt8]], _ labels: [UInt8]) throws -> [DatasetWarning.Concern] {
            try write(replacing: [
                "train-images-idx3-ubyte": idx(shape: [images.count, 4, 4], images.flatMap(\.self)),
                "train-labels-idx1-ubyte": idx(shape: [images.count], labels),
                "t10k-labels-idx1-ubyte": idx(shape: [10], Array(0..<10)),
                "t10k-images-idx3-ubyte": idx(shape: [10, 4, 4], (0..<160).map { UInt8($0) }),
            ])
            let warnings = try read().warnings
            #expect(warnings.allSatisfy { $0.path.hasPrefix(path("train-")) })
            return warnings.map(\.concern)
        }
        let classes = Array(0..<10) as [UInt8]
        let different = classes.map { label in (0..<16).map { UInt8($0) + label } }
        let blank = [UInt8](repeating: 7, count: 16)
        #expect(try concerns(different, classes) == [])
        #expect(try concerns(different, [UInt8](repeating: 3, count: 10)) == [.fewClasses(1, of: 10)])
        #expect(
            try concerns(different.map { $0[0] < 5 ? $0 : blank }, classes) == [.blankImages(share: 0.5, lookedAt: 10)])
        #expect(try concerns([[UInt8]](repeating: different[3], count: 10), classes) == [.equalImages(lookedAt: 10)])
        // Of more images some are drawn.
        let many = (0..<5000).map { $0 % 2 == 0 ? blank : different[$0 % 10] }
        let drawn = try concerns(many, (0..<5000).map { UInt8($0 % 10) })
        guard drawn.count == 1, case .blankImages(let share, lookedAt: 256) = drawn[0] else {
            Issue.record("\(drawn)")
            return
        }
        #expect(abs(share - 0.5) < 0.15)
    }

    @Test func refusesLabelsThatAreNotAsManyAsTheImages() throws {
        try write(replacing: ["train-labels-idx1-ubyte": idx(shape: [2], [7, 0])])
        #expect(
            throws: DatasetError.file(
                path: path("train-labels-idx1-ubyte"),
                .wrongLabelCount(2, images: path("train-images-idx3-ubyte"), imageCount: 3))
        ) { try read() }
    }

    @Test func refusesLabelsWithoutAClass() throws {
        try write(replacing: ["t10k-labels-idx1-ubyte": idx(shape: [2], [9, 10])])
        #expect(
            throws: DatasetError.file(
                path: path("t10k-labels-idx1-ubyte"), .labelOutOfRange(10, index: 1, classCount: 10))
        ) { try read() }
    }

    @Test func refusesTestImagesOfAnotherSize() throws {
        try write(replacing: ["t10k-images-idx3-ubyte": idx(shape: [2, 2, 8], Self.pixels.suffix(32))])
        #expect(
            throws: DatasetError.file(path: path("t10k-images-idx3-ubyte"), .wrongImageSize([2, 8], expected: [4, 4]))
        ) { try read() }
    }

    /// Reads the files of MNIST, where there are any.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: Catalog.defaultFolder().path + "/mnist")))
    func readsMNIST() throws {
        let split = try Catalog().images(.mnist)
        #expect(split.train.images.shape == [60_000, 1, 28, 28])
        #expect(split.test.images.shape == [10_000, 1, 28, 28])
        #expect(split.warnings == [])
        #expect(split.train.labels.shape == [60_000])
        #expect(split.test.labels.shape == [10_000])
        // Found by reading the files with Python's gzip module.
        #expect(split.train.labels.narrowed(0, to: 0..<5).elements() == [5, 0, 4, 1, 9] as [Int64])
        #expect(split.test.labels.narrowed(0, to: 0..<5).elements() == [7, 2, 1, 0, 4] as [Int64])
        #expect(split.train.images.selected(0, 0).to(dtype: .int64).sum().item() == 27_525)
        #expect(split.test.images.selected(0, 0).to(dtype: .int64).sum().item() == 18_454)
    }
}
