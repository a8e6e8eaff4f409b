import Foundation
import Torch

/// The four IDX files in which MNIST, and Fashion-MNIST after it, are distributed, each as it is or compressed.
struct MNISTFolder: DatasetFolder {
    /// The name of the data set.
    let name: String
    /// The subfolder where its files belong.
    let folder: String
    /// The folder that torchvision makes for them.
    let torchvisionFolder: String
    /// The folder with one subfolder for each data set.
    let root: URL
    /// Whether the images are sequences of pixels.
    var hasSequences = false

    private static let classCount = 10
    /// The names of the images and labels to train on, and of those to test with.
    static let files = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"].map {
        $0 + "-ubyte"
    }

    /// The files of MNIST, for a data set of a name.
    static func mnist(_ name: DatasetName, in root: URL) -> MNISTFolder {
        MNISTFolder(
            name: name.rawValue, folder: "mnist", torchvisionFolder: "MNIST", root: root,
            hasSequences: name == .sequentialMNIST)
    }

    /// Those of Fashion-MNIST.
    static func fashionMNIST(in root: URL) -> MNISTFolder {
        let name = DatasetName.fashionMNIST.rawValue
        return MNISTFolder(name: name, folder: name, torchvisionFolder: "FashionMNIST", root: root)
    }

    /// Reads the files.
    ///
    /// - Throws: `DatasetError` if files are missing or damaged, or do not fit together.
    func read() throws(DatasetError) -> Split<ImageDataset> {
        let urls = try search.urls()
        let train = try Part(images: urls[0], labels: urls[1])
        let test = try Part(images: urls[2], labels: urls[3])
        guard test.samples.inputShape == train.samples.inputShape else {
            let size = Array(test.samples.inputShape.dropFirst())
            let expected = Array(train.samples.inputShape.dropFirst())
            throw .file(path: urls[2].path, .wrongImageSize(size, expected: expected))
        }
        return Split(
            name: name, train: train.samples, test: test.samples,
            sizes: .images(train: train.samples, test: test.samples), warnings: train.warnings + test.warnings)
    }

    func split() throws(DatasetError) -> Split<any Dataset> {
        let images = try read()
        return hasSequences ? images.map(SequentialImages.init).erased : images.erased
    }

    func check(_ part: Int, at url: URL) throws(DatasetError) -> Bool {
        // Images have rows and columns.
        _ = try IDXFile(contentsOf: url, rank: part.isMultiple(of: 2) ? 3 : 1)
        return true
    }

    var search: FileSearch {
        FileSearch(
            dataset: name, root: root,
            folders: [
                folder, torchvisionFolder + "/raw", torchvisionFolder, folder + "/raw",
                "\(folder)/\(torchvisionFolder)/raw",
            ],
            // Some programs take what follows the last hyphen but one for a suffix.
            files: Self.files.map { [$0, $0.replacing("-idx", with: ".idx")] })
    }

    /// The images and labels of a training or test set.
    private struct Part {
        let samples: ImageDataset
        let warnings: [DatasetWarning]

        init(images imagesURL: URL, labels labelsURL: URL) throws(DatasetError) {
            let images = try IDXFile(contentsOf: imagesURL, rank: 3)
            let labels = try IDXFile(contentsOf: labelsURL, rank: 1)
            let imageCount = images.elements.size(0)
            guard labels.elements.count == imageCount else {
                throw .file(
                    path: labelsURL.path,
                    .wrongLabelCount(labels.elements.count, images: imagesURL.path, imageCount: imageCount))
            }
            let classes = labels.elements.elements(as: UInt8.self)
            if let index = classes.firstIndex(where: { $0 >= classCount }) {
                let label = Int(classes[index])
                throw .file(path: labelsURL.path, .labelOutOfRange(label, index: index, classCount: classCount))
            }
            samples = ImageDataset(
                images: images.elements.expanded(at: 1), labels: labels.elements.to(dtype: .int64),
                classCount: classCount)
            warnings =
                DatasetWarning.aboutImages(samples.images, in: imagesURL.path)
                + DatasetWarning.aboutLabels(classes, of: classCount, in: labelsURL.path)
        }
    }
}
