import NeuralNetworks
import Torch

/// The mean loss of samples that come batch by batch, summed in float64 on the device: nothing waits for it until it is read.
struct MeanLoss {
    /// The sum over all samples, rank 0.
    private(set) var sum: Tensor
    /// The number of samples.
    private(set) var count: Int

    /// The mean of none.
    init(device: Device) { self.init(sum: Tensor(0, dtype: .float64, device: device), count: 0) }

    /// The mean of samples whose sum is known.
    init(sum: Tensor, count: Int) {
        self.sum = sum
        self.count = count
    }

    /// The mean.
    var value: Double { sum.item() / Double(count) }

    /// Adds the mean loss of a batch, rank 0. Copies of this value stay what they are.
    mutating func add(_ loss: Tensor, of samples: Int) {
        sum = sum + loss.to(dtype: .float64) * Double(samples)
        count += samples
    }
}
