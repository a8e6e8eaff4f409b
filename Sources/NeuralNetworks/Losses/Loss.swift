import Torch

/// The mean over a batch of how far a model's outputs are from the targets.
public protocol Loss {
    /// The loss, rank 0, in operations that autograd can differentiate any number of times: the reference.
    func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor

    /// The loss, rank 0, with its gradient with respect to the outputs, of their shape.
    func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor)

    /// The Hessian of the loss with respect to the outputs, times a tangent of them, of their shape.
    func curvature(_ outputs: Tensor, _ targets: Tensor, along tangent: Tensor) -> Tensor

    /// Checks targets that come from a user's data against a model's outputs; the other functions take it that they fit.
    ///
    /// Reads all targets, and waits for the device.
    ///
    /// - Throws: `LossError`, which says what to do.
    func check(outputs: Tensor, targets: Tensor) throws(LossError)
}

extension Loss {
    /// Nothing to object to.
    public func check(outputs: Tensor, targets: Tensor) throws(LossError) {}

    /// Checks targets of more samples than there are outputs of: a model's outputs for some samples say how those for the others
    /// look, without running the model.
    ///
    /// - Parameters:
    ///   - targets: Of at least `count` samples.
    ///   - outputs: Of other samples, or some of these.
    ///   - count: How many those are.
    package func check(allTargets targets: Tensor, by outputs: Tensor, of count: Int) throws(LossError) {
        let last = targets.size(0) - count
        for start in stride(from: 0, to: targets.size(0), by: count).map({ min($0, last) }) {
            do {
                try check(outputs: outputs, targets: targets.narrowed(0, to: start..<start + count))
            } catch .label(let label, let position, let classes, let ignored) {
                let before = start * (targets.count / targets.size(0))
                throw .label(label, position: before + position, classes: classes, ignored: ignored)
            }
        }
    }

    /// The loss of a model on a batch, those of its samples that other processes hold included.
    package func value(of model: some Layer, on batch: Batch) -> Double {
        batch.whole(self(model(batch.inputs), batch.targets)).item()
    }

    /// The loss, with a derivative that autograd computes.
    public func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor) {
        let leaf = outputs.detached()
        let value = withGradients(of: [leaf]) { self(leaf, targets) }
        let derivative = withGradients(of: [leaf]) { Torch.gradient(of: value, with: [leaf])[0] }
        return (value.detached(), derivative)
    }

    /// The Hessian of the loss with respect to the outputs, times a tangent, by autograd.
    public func curvature(_ outputs: Tensor, _ targets: Tensor, along tangent: Tensor) -> Tensor {
        let leaf = outputs.detached()
        return withGradients(of: [leaf]) {
            let slope = Torch.gradient(of: self(leaf, targets), with: [leaf], createGraph: true)[0]
            return Torch.gradient(of: slope.dot(tangent), with: [leaf])[0]
        }
    }
}
