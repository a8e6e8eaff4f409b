import Torch

/// The mean of `-log softmax(outputs)[target]`: outputs `[N, C]` and targets `int64` `[N]`, or for each token `[N, T, C]` and
/// `[N, T]`. Samples with the label -100 are left out, as in PyTorch.
public struct CrossEntropy: Loss {
    /// The label of a sample that does not count.
    public static let ignoredLabel: Int64 = -100

    /// The loss.
    public init() {}

    /// The loss, rank 0.
    public func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
        Kernels.crossEntropy(rows(outputs), targets: targets.flattened())
    }

    /// The loss, rank 0, and its gradient with respect to the outputs, without a tape.
    public func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor) {
        let targets = targets.flattened()
        let logProbabilities = Kernels.logSoftmax(rows(outputs))
        let (value, totalWeight) = Kernels.negativeLogLikelihood(logProbabilities, targets: targets)
        let cotangent = Kernels.negativeLogLikelihoodPullback(
            Tensor(1, dtype: outputs.dtype, device: outputs.device), logProbabilities: logProbabilities,
            targets: targets, totalWeight: totalWeight)
        let gradient = Kernels.logSoftmaxPullback(cotangent, output: logProbabilities)
        return (value, outputs.rank == 2 ? gradient : gradient.reshaped(outputs.shape))
    }

    /// `p (v - <p, v>) / N` for each row v of the tangent and the probabilities p there; zero where the label is ignored, and N
    /// counts the others.
    public func curvature(_ outputs: Tensor, _ targets: Tensor, along tangent: Tensor) -> Tensor {
        let logProbabilities = Kernels.logSoftmax(outputs)
        // Through log softmax, c comes back as c - p <1, c>.
        let product = Kernels.logSoftmaxPullback(
            logProbabilities.exponential() * tangent, output: logProbabilities)
        let ignored = targets.equals(Tensor([Self.ignoredLabel]).to(device: targets.device))
        // Where all are ignored, 0 / 0, as the loss.
        let counted = -ignored.to(dtype: product.dtype) + 1
        return product * (counted / counted.sum()).expanded(at: -1)
    }

    /// Whether the targets are labels of the outputs' classes, `int64` and one for each row of outputs, or -100.
    public func check(outputs: Tensor, targets: Tensor) throws(LossError) {
        let rows = Array(outputs.shape.dropLast())
        guard outputs.rank > 1, targets.shape == rows else {
            throw .shape(
                outputs: outputs.shape, targets: targets.shape, expected: "\(rows), and outputs [..., classes]")
        }
        guard targets.dtype == .int64 else { throw .elementType(targets.dtype, expected: .int64) }
        let classes = outputs.size(-1)
        for (position, label) in targets.elements(as: Int64.self).enumerated()
        where label != Self.ignoredLabel && !(0..<Int64(classes)).contains(label) {
            throw .label(label, position: position, classes: classes, ignored: Self.ignoredLabel)
        }
    }

    /// `[..., C]` to `[m, C]`.
    private func rows(_ outputs: Tensor) -> Tensor {
        outputs.rank == 2 ? outputs : outputs.reshaped([-1, outputs.size(-1)])
    }
}
