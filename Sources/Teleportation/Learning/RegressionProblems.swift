import NeuralNetworks
import Torch

/// Regressions with perceptrons of one shape, side by side: of each
/// `L(W_1, ..., W_l) = 1/2 ||Y - W_l sigma(... sigma(W_1 X))||^2`, what PS24 section 5.2 learns to optimize.
///
/// Samples are rows here, and weights are `[B, out, in]` for B problems. The published program has the half before the
/// norm, which the paper leaves out.
package struct RegressionProblems {
    /// X, `[B, N, in]`.
    package let inputs: Tensor
    /// Y, `[B, N, out]`.
    package let targets: Tensor
    /// Where the trainings begin.
    package let initialWeights: [Tensor]
    /// sigma, which is a bijection of the real numbers.
    package let activation: Activation
    /// `(X^+)^T`, `[B, N, in]`.
    private let dual: Tensor

    /// Problems of their own.
    ///
    /// - Parameters:
    ///   - inputs: X, `[B, N, in]`.
    ///   - targets: Y, `[B, N, out]`.
    ///   - initialWeights: The weights, two at the least, `[B, out, in]`.
    ///   - activation: sigma, LeakyReLU with a positive slope.
    /// - Throws: `TorchError` if X has no pseudo-inverse, as with elements that are not finite.
    package init(
        inputs: Tensor, targets: Tensor, initialWeights: [Tensor], activation: Activation
    ) throws(TorchError) {
        require(initialWeights.count >= 2, "regression problems of \(initialWeights.count) layers: two at the least")
        require(
            activation.isPositivelyHomogeneous && activation.isBijective,
            "regression problems with \(activation): take LeakyReLU with a positive slope")
        self.inputs = inputs
        self.targets = targets
        self.initialWeights = initialWeights
        self.activation = activation
        var duals: [Tensor] = []
        for index in 0..<inputs.size(0) { duals.append(try PseudoInverse(of: inputs.selected(0, index)).dual) }
        dual = .stacked(duals)
    }

    /// The problems of seeds, as the published program draws them: weights, X and Y uniform in [0, 1), in that order, X
    /// and Y with samples as columns.
    ///
    /// - Parameters:
    ///   - seeds: One for each problem.
    ///   - sizes: Those of the layers, from the input to the output.
    ///   - samples: N.
    ///   - activation: sigma, LeakyReLU with a positive slope.
    ///   - dtype: The element type.
    /// - Throws: `TorchError` if an X has no pseudo-inverse.
    package init(
        seeds: [UInt64], sizes: [Int], samples: Int, activation: Activation, dtype: DType = .float32
    ) throws(TorchError) {
        let drawn = seeds.map { seed in
            let generator = Generator(seed: seed)
            let shapes =
                zip(sizes, sizes.dropFirst()).map { [$1, $0] } + [
                    [sizes[0], samples], [sizes[sizes.count - 1], samples],
                ]
            return shapes.map { Tensor.uniform($0, using: generator, dtype: dtype) }
        }
        let stacked = (0...sizes.count).map { part in Tensor.stacked(drawn.map { $0[part] }) }
        let layers = sizes.count - 1
        try self.init(
            inputs: stacked[layers].transposed().contiguous(), targets: stacked[layers + 1].transposed().contiguous(),
            initialWeights: Array(stacked[..<layers]), activation: activation)
    }

    /// The number of problems.
    package var count: Int { inputs.size(0) }

    /// The loss of each problem, `[B]`, in operations that autograd can follow.
    package func losses(of weights: [Tensor]) -> Tensor {
        let last = weights.count - 1
        let rows = weights[..<last].reduce(inputs) { activation.layer($0.matmuls($1.transposed())) }
        let difference = targets - rows.matmuls(weights[last].transposed())
        return (difference * difference).sum(along: [1, 2]) * 0.5
    }

    /// The loss of each problem, `[B]`, and its gradient with respect to each of the weights, as data.
    package func differentiated(at weights: [Tensor]) -> (losses: Tensor, gradients: [Tensor]) {
        let leaves = weights.map { $0.detached() }
        return withGradients(of: leaves) {
            let losses = losses(of: leaves)
            return (losses.detached(), gradient(of: losses.sum(), with: leaves))
        }
    }

    /// The losses of trainings from their initial weights, before each step and after the last.
    ///
    /// - Parameters:
    ///   - steps: The steps of each.
    ///   - next: The weights after a step, given those before it and the gradients there.
    /// - Returns: For each moment, the loss of each training.
    package func trajectory<Failure: Error>(
        steps: Int, _ next: (_ weights: [Tensor], _ gradients: [Tensor]) throws(Failure) -> [Tensor]
    ) throws(Failure) -> [[Double]] {
        var weights = initialWeights
        var losses: [Tensor] = []
        for _ in 0..<steps {
            let (loss, gradients) = differentiated(at: weights)
            losses.append(loss)
            weights = try next(weights, gradients)
        }
        losses.append(self.losses(of: weights))
        let values = Tensor.stacked(losses).doubles()
        return (0...steps).map { Array(values[$0 * count..<($0 + 1) * count]) }
    }

    /// The weights after the exact action (ST22 eq. 8) of an element for each pair of layers, from the first pair up, in
    /// operations that autograd can follow.
    ///
    /// Each pair reads the inputs that the pair below leaves it. V keeps what it does to inputs outside the span of the
    /// samples, as `GroupAction` says.
    ///
    /// - Parameters:
    ///   - weights: The weights.
    ///   - elements: T of each pair, `[B, k, k]`.
    ///   - kind: The group element that T stands for.
    ///   - norm: The norm of each T, or a bound, where it is known.
    /// - Throws: `TorchError` if a hidden layer has no pseudo-inverse.
    package func teleported(
        _ weights: [Tensor], by elements: [Tensor], as kind: GroupElement, norm: Double = .infinity
    ) throws(TorchError) -> [Tensor] {
        var moved = weights
        var (rows, dual) = (inputs, self.dual)
        for (index, element) in elements.enumerated() {
            let (g, inverse) = kind.matrices(of: element, norm: norm)
            let preactivation = rows.matmuls(moved[index].transposed())
            let image = activation.layer(preactivation).matmuls(g.transposed())
            let change = activation.inverse(image) - preactivation
            moved[index] = moved[index] + change.transposed().matmuls(dual)
            moved[index + 1] = moved[index + 1].matmuls(inverse)
            if index + 1 < elements.count {
                rows = activation.layer(rows.matmuls(moved[index].transposed()))
                dual = try rows.pseudoInverse().transposed()
            }
        }
        return moved
    }
}
