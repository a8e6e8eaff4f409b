import Foundation
import Torch

/// The folder that the archive of Tiny ImageNet unpacks to: small photographs of 200 classes as JPEG files.
///
/// - `wnids.txt` has the identifiers of the classes, one on a line; the class with index 0 comes first.
/// - `train/<id>/images/*.JPEG` are the images of a class to train on.
/// - `val/images/` has those to test with, and `val/val_annotations.txt` a line for each: its name, the identifier of its
///   class and a box in it, separated by tabs. (The labels of the images in `test/` were never given out.) Where there is no
///   `val/images`, they are in folders by class, as scripts often sort them, and the list is not needed.
///
/// Folders of classes have their images in a folder `images`, or in themselves. Names of images end in `.JPEG`, `.jpeg` or
/// `.jpg`, in capital letters or small ones; what else is there is counted and passed over, save for hidden files. Any
/// number of classes and any size of images, the same for all, will do. The images to train on take turns by class, and come
/// in the order of their names within one: so each prefix has as many of each class. Those to test with come in the order
/// of the lines, or as those to train on.
struct TinyImageNetFolder: DatasetFolder {
    /// The folder with one subfolder for each data set.
    let root: URL
    /// Where decoded images go that cannot be kept beside the others.
    var temporaryFolder = FileManager.default.temporaryDirectory

    private static let name = DatasetName.tinyImageNet.rawValue
    /// The folder that the archive unpacks to.
    static let archiveFolder = "tiny-imagenet-200"
    /// The archive.
    static let archive = archiveFolder + ".zip"
    private static let classList = "wnids.txt"
    private static let annotations = "val/val_annotations.txt"
    private static let testImages = "val/images"
    private static let parts = [classList, "train", annotations, testImages]

    /// Reads the files, decoding the images if that was not done before; see `JPEGList`.
    ///
    /// - Throws: `DatasetError` if files are missing or damaged, or do not fit together.
    func read() throws(DatasetError) -> Split<ImageDataset> {
        let search = self.search
        try search.checkDataFolder(for: Self.parts)
        let folder = self.folder
        guard Self.exists(Self.classList, in: folder) else {
            throw search.error(missing: missingParts(in: folder), in: folder)
        }
        let classes = try Classes(path: folder.path + "/" + Self.classList)
        let isSorted = isSortedByClass(classes, in: folder)
        let missing = missingParts(in: folder).filter {
            !isSorted || ![Self.annotations, Self.testImages].contains($0)
        }
        guard missing.isEmpty else { throw search.error(missing: missing, in: folder) }
        var warnings: [DatasetWarning] = []
        // All that is listed is looked up before anything is decoded, which takes longer.
        let train = try files(of: classes, in: "train", of: folder, &warnings)
        let test =
            isSorted
            ? try files(of: classes, in: "val", of: folder, &warnings)
            : try testFiles(of: classes, in: folder, &warnings)
        let trainImages = list(train.map(\.file), "decoded-train.uint8", in: folder)
        let trainPixels = try trainImages.pixels()
        let size = JPEGDecoder.Size(height: trainPixels.size(2), width: trainPixels.size(3))
        let testPixels = try list(test.map(\.file), "decoded-val.uint8", in: folder)
            .pixels(like: (size, trainImages.firstPath))
        // Ten thousand images tell the mean and deviation; all would have to be read for them at each start.
        let sample = Tensor.permutation(train.count, using: Generator(seed: 0)).narrowed(
            0, to: 0..<min(10_000, train.count))
        let scaling = PixelScaling.standardized(by: trainPixels.gathered(0, sample))
        for (pixels, part) in [(trainPixels, "train"), (testPixels, "val")] {
            warnings += DatasetWarning.aboutImages(pixels, in: folder.path + "/" + part)
        }
        func samples(_ pixels: Tensor, _ images: [Image]) -> ImageDataset {
            ImageDataset(
                images: pixels, labels: Tensor(images.map { Int64($0.label) }), classCount: classes.identifiers.count,
                scaling: scaling)
        }
        let (trainSamples, testSamples) = (samples(trainPixels, train), samples(testPixels, test))
        return Split(
            name: Self.name, train: trainSamples, test: testSamples,
            sizes: .images(train: trainSamples, test: testSamples), warnings: warnings)
    }

    var search: FileSearch {
        FileSearch(
            dataset: Self.name, root: root, folders: [Self.name, Self.archiveFolder], files: [],
            archives: [Self.archive])
    }

    var location: DatasetLocation {
        let folder = self.folder
        return DatasetLocation(
            candidates: search.candidates, folder: folder,
            parts: Self.parts.map {
                let url = Self.exists($0, in: folder) ? folder.appendingPathComponent($0) : nil
                return DatasetLocation.Part(name: $0, url: url)
            })
    }

    func split() throws(DatasetError) -> Split<any Dataset> { try read().erased }

    /// An image that is listed, and the index of its class.
    private struct Image {
        let file: FileStamp
        let label: Int
    }

    /// The folder of this data set, under its own name or that of the archive, whichever has files of it.
    private var folder: URL {
        let folders = search.candidates
        return folders.first { folder in Self.parts.contains { Self.exists($0, in: folder) } } ?? folders[0]
    }

    /// The parts of the archive that a folder lacks.
    private func missingParts(in folder: URL) -> [String] { Self.parts.filter { !Self.exists($0, in: folder) } }

    /// Whether the images to test with are in folders by class, and not together.
    private func isSortedByClass(_ classes: Classes, in folder: URL) -> Bool {
        !Self.exists(Self.testImages, in: folder) && Self.exists("val/" + classes.lines[0].text, in: folder)
    }

    private static func exists(_ part: String, in folder: URL) -> Bool {
        FileManager.default.fileExists(atPath: folder.path + "/" + part)
    }

    private func list(_ files: [FileStamp], _ name: String, in folder: URL) -> JPEGList {
        JPEGList(folder: folder, files: files, name: name, temporaryFolder: temporaryFolder)
    }

    /// The images in folders by class, which take turns.
    private func files(
        of classes: Classes, in part: String, of folder: URL, _ warnings: inout [DatasetWarning]
    ) throws(DatasetError) -> [Image] {
        var images: [[Image]] = []
        var others: [String] = []
        for (label, line) in classes.lines.enumerated() {
            var subfolder = "\(part)/\(line.text)/images"
            if !Self.exists(subfolder, in: folder) && Self.exists("\(part)/\(line.text)", in: folder) {
                subfolder = "\(part)/\(line.text)"
            }
            let url = folder.appendingPathComponent(subfolder)
            guard let entries = try url.visibleNames() else {
                throw .file(path: url.path, .listedButMissing(list: classes.path, line: line.number))
            }
            let names = entries.filter(\.isOfImage).map(\.name)
            guard !names.isEmpty else { throw .file(path: url.path, .noImages) }
            others += entries.filter { !$0.isOfImage }.map { subfolder.dropFirst(part.count + 1) + "/" + $0.name }
            var members: [Image] = []
            for name in names {
                // A link may lead nowhere.
                guard let file = try FileStamp(subfolder + "/" + name, in: folder) else {
                    throw .file(path: url.path + "/" + name, .missing)
                }
                members.append(Image(file: file, label: label))
            }
            images.append(members)
        }
        let url = folder.appendingPathComponent(part)
        warnings += Self.passedOver(others, in: url, .noImageName)
        let unlisted = try (url.visibleNames() ?? []).map(\.name).filter {
            classes.identifiers[$0] == nil && !Self.annotations.hasSuffix("/" + $0)
        }
        warnings += Self.passedOver(unlisted, in: url, .notListed(in: Self.classList))
        let turns = images.map(\.count).max() ?? 0
        return (0..<turns).flatMap { turn in images.filter { turn < $0.count }.map { $0[turn] } }
    }

    private static func passedOver(
        _ names: [String], in folder: URL, _ reason: DatasetWarning.PassingReason
    ) -> [DatasetWarning] {
        names.isEmpty ? [] : [DatasetWarning(path: folder.path, .passedOver(names.count, first: names[0], reason))]
    }

    /// The images of the list.
    private func testFiles(
        of classes: Classes, in folder: URL, _ warnings: inout [DatasetWarning]
    ) throws(DatasetError) -> [Image] {
        let annotations = try ListFile(path: folder.path + "/" + Self.annotations)
        var lines: [String: Int] = [:]
        var images: [Image] = []
        for line in annotations.lines {
            let fields = line.text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 6, fields[0].isFileName, fields[1].isPlainFileName else {
                throw annotations.malformed(
                    line, expected: "a file name, a class identifier and the four numbers of a box, separated by tabs")
            }
            if let first = lines.updateValue(line.number, forKey: fields[0]) {
                throw .file(path: annotations.path, .duplicate(fields[0], line: line.number, firstLine: first))
            }
            guard let label = classes.identifiers[fields[1]] else {
                throw .file(path: annotations.path, .unknownClass(fields[1], line: line.number, list: classes.path))
            }
            let name = Self.testImages + "/" + fields[0]
            guard let file = try FileStamp(name, in: folder) else {
                throw .file(
                    path: folder.path + "/" + name, .listedButMissing(list: annotations.path, line: line.number))
            }
            images.append(Image(file: file, label: label))
        }
        let url = folder.appendingPathComponent(Self.testImages)
        let others = try (url.visibleNames() ?? []).map(\.name).filter { lines[$0] == nil }
        warnings += Self.passedOver(others, in: url, .notListed(in: Self.annotations))
        warnings += DatasetWarning.aboutLabels(
            images.map(\.label), of: classes.identifiers.count, in: annotations.path)
        return images
    }

    /// The classes in the order of their list.
    private struct Classes {
        let path: String
        let lines: [ListFile.Line]
        /// The index of each class.
        let identifiers: [String: Int]

        init(path: String) throws(DatasetError) {
            let file = try ListFile(path: path)
            var identifiers: [String: Int] = [:]
            for (index, line) in file.lines.enumerated() {
                guard line.text.isPlainFileName else {
                    throw file.malformed(line, expected: "the identifier of a class, such as n01443537")
                }
                if let first = identifiers.updateValue(index, forKey: line.text) {
                    throw .file(
                        path: path,
                        .duplicate(line.text, line: line.number, firstLine: file.lines[first].number))
                }
            }
            self.path = path
            lines = file.lines
            self.identifiers = identifiers
        }
    }
}
