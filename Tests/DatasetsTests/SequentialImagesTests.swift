import Foundation
import NeuralNetworks
import Testing
import Torch

@testable import Datasets

@Suite struct SequentialImagesTests {
    /// Three images of 2 channels, 2 rows and 3 columns, with the numbers from 0 as pixels.
    private let images = ImageDataset(
        images: Tensor((0..<36).map { UInt8($0) }, shape: [3, 2, 2, 3]), labels: Tensor([2, 0, 1] as [Int64]),
        classCount: 3)

    @Test func readsPixelsRowByRow() {
        let samples = SequentialImages(images).to(dtype: .float64)
        #expect(samples.count == 3)
        #expect(samples.inputShape == [6, 2])
        #expect(samples.task == .classification(classes: 3))
        let batch = samples.batch(Tensor([2, 0] as [Int64]))
        #expect(batch.inputs.shape == [2, 6, 2] && batch.inputs.dtype == .float64)
        let pixels = [24, 0].flatMap { first in (0..<6).flatMap { [first + $0, first + 6 + $0] } }
        #expect(batch.inputs.elements() == pixels.map { Double($0) / 255 })
        #expect(batch.targets.elements() == [1, 2] as [Int64])
    }

    @Test func takesPrefixes() {
        let prefix = SequentialImages(images).prefix(2)
        #expect(prefix.count == 2)
        #expect(prefix.images.images.sharesStorage(with: images.images))
        #expect(prefix.to(device: .cpu).batch(Tensor.range(2)).inputs.dtype == .float32)
    }

    @Test func readsTheFilesOfMNIST() throws {
        let folder = try TemporaryFolder()
        let catalog = Catalog(folder: folder.url)
        let path = folder.url.path + "/mnist"
        #expect(
            throws: DatasetError.missingFiles(
                dataset: "smnist", folder: path,
                files: ["train", "t10k"].flatMap { ["\($0)-images-idx3-ubyte", "\($0)-labels-idx1-ubyte"] },
                found: FolderContents(path: folder.url.path, names: []), remedy: .put)
        ) { try catalog.dataset(.sequentialMNIST) }
        let pixels = (0..<2 * 784).map { UInt8(truncatingIfNeeded: $0) }
        for prefix in ["train", "t10k"] {
            try folder.write(idx(shape: [2, 28, 28], pixels), to: "mnist/\(prefix)-images-idx3-ubyte")
            try folder.write(idx(shape: [2], [9, 4]), to: "mnist/\(prefix)-labels-idx1-ubyte")
        }
        let split = try catalog.dataset("smnist")
        #expect(split.name == "smnist")
        #expect(split.inputShape == [784, 1])
        #expect(split.task == .classification(classes: 10))
        let batch = split.test.batch(Tensor([1] as [Int64]))
        #expect(batch.inputs.shape == [1, 784, 1])
        #expect(batch.inputs.elements() == pixels.suffix(784).map { Float($0) / 255 })
        #expect(batch.targets.elements() == [4] as [Int64])
    }
}
