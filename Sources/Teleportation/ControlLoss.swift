import NeuralNetworks
import Torch

extension Loss {
    /// The mean loss of control samples, some at a time: they are many more than a teleport batch, and the outputs alone of
    /// a language model would take gigabytes.
    func controlLoss(of model: some Layer, on samples: Batch) -> Double {
        let size = 32
        return stride(from: 0, to: samples.count, by: size).map { start in
            let range = start..<min(start + size, samples.count)
            let outputs = model(samples.inputs.narrowed(0, to: range))
            let share = Double(range.count) / Double(samples.count)
            return self(outputs, samples.targets.narrowed(0, to: range)) * share
        }.total()
    }
}
