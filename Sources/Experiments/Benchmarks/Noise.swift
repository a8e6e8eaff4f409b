import NeuralNetworks
import Torch

extension Batch {
    /// Samples in which there is nothing to learn: normal inputs of the given shape, and labels of ten classes.
    static func noise(of count: Int, shape: [Int], using generator: Generator) -> Batch {
        Batch(
            inputs: .normal([count] + shape, using: generator),
            targets: .integers([count], in: 0..<10, using: generator))
    }
}
