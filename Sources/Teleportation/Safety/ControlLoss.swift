import NeuralNetworks
import Torch

extension Loss {
    /// The mean loss of control samples, some at a time: they are many more than a teleport batch, and the outputs alone of
    /// a language model would take gigabytes.
    func controlLoss(of model: some Layer, on samples: Batch) -> Double {
        // Parts of nearly one size: batch normalization has no variance in a part of one sample.
        let parts = (samples.count + 31) / 32
        return (0..<parts).map { part in
            let range = part * samples.count / parts..<(part + 1) * samples.count / parts
            let outputs = model(samples.inputs.narrowed(0, to: range))
            let share = Double(range.count) / Double(samples.count)
            return self(outputs, samples.targets.narrowed(0, to: range)) * share
        }.total()
    }
}
