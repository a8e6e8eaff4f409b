import Torch

/// `softmax(Q K^T / sqrt(d)) V` for each head: queries, keys and values side by side, `[N, T, 3 D]`, to `[N, T, D]`.
///
/// Head h of H has the features from `h d` of Q, K and V, with `d = D / H`; NS25 eq. 7. Vaswani et al., "Attention Is All You
/// Need", 2017, eq. 1.
public struct ScaledDotProductAttention: Layer {
    /// The number of heads; H.
    public let heads: Int
    /// Whether a token sees only those up to itself.
    public let isCausal: Bool

    /// Attention of the given number of heads.
    public init(heads: Int, isCausal: Bool = false) {
        self.heads = heads
        self.isCausal = isCausal
    }

    /// Attention.
    public var structure: LayerStructure { .scaledDotProductAttention(heads: heads) }

    /// The forward pass.
    ///
    /// Where autograd follows it, it is made of operations that can be differentiated any number of times. The kernel that
    /// it is elsewhere has no second derivative.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let parts = split(x)
        return joined(
            x.isFollowed || x.device != .cpu
                ? probabilities(parts).matmul(parts.values)
                : Kernels.flashAttention(
                    queries: parts.queries, keys: parts.keys, values: parts.values, isCausal: isCausal
                ).output)
    }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        linearize(x, isFused: x.device == .cpu)
    }

    /// The forward pass and its derivative, by the kernel of the CPU or by matrix products.
    func linearize(_ x: Tensor, isFused: Bool) -> (output: Tensor, linearization: any Linearization) {
        if isFused {
            let parts = split(x)
            let (output, sums) = Kernels.flashAttention(
                queries: parts.queries, keys: parts.keys, values: parts.values, isCausal: isCausal)
            return (joined(output), AttentionLinearization(layer: self, input: x, fused: (output, sums)))
        }
        let linearization = AttentionLinearization(layer: self, input: x, fused: nil)
        let (_, _, values, probabilities) = linearization.explicit
        return (joined(unstacked(probabilities.matmul(values), like: x)), linearization)
    }

    // MARK: Shapes

    /// Views of the heads' queries, keys and values, `[N, H, T, d]` each.
    func split(_ x: Tensor) -> (queries: Tensor, keys: Tensor, values: Tensor) {
        require(
            x.rank == 3 && x.size(2).isMultiple(of: 3 * heads),
            "ScaledDotProductAttention: an input of shape \(x.shape) instead of [N, T, 3 D], D a multiple of \(heads)")
        let parts = x.reshaped([x.size(0), x.size(1), 3, heads, -1]).transposed(1, 3)
        return (parts.selected(2, 0), parts.selected(2, 1), parts.selected(2, 2))
    }

    /// The heads side by side: `[N, H, T, d]` to `[N, T, D]`.
    func joined(_ x: Tensor) -> Tensor { x.transposed(1, 2).flattened(from: 2) }

    /// The attention of one sample's head after the other, `[N H, T, d]`, as `[N, H, T, d]`; `x` is the input.
    func unstacked(_ stack: Tensor, like x: Tensor) -> Tensor {
        stack.reshaped([x.size(0), heads, x.size(1), -1])
    }

    /// P, `[N, H, T, T]` for queries and keys `[N, H, T, d]`, or the same with N and H made one.
    func probabilities(_ parts: (queries: Tensor, keys: Tensor, values: Tensor)) -> Tensor {
        let scale = 1 / Double(parts.queries.size(-1)).squareRoot()
        var scores = (parts.queries * scale).matmul(parts.keys.transposed())
        if isCausal {
            let count = scores.size(-1)
            let future = Tensor.full([count, count], -.infinity, dtype: scores.dtype, device: scores.device)
            scores = scores + future.upperTriangle(diagonal: 1)
        }
        return scores.softmax()
    }
}

/// The derivative of attention at queries, keys and values.
///
/// On the CPU the forward pass and the pull-back do without P, the softmax, which training then never holds. A pushforward
/// needs it: it is computed when one is first asked for, and kept for those that follow, and for pull-backs, which are faster with it.
final class AttentionLinearization: Linearization {
    private let layer: ScaledDotProductAttention
    /// `[N, T, 3 D]`.
    private let input: Tensor
    /// What the fused kernel keeps; nil where there is none.
    private let fused: (output: Tensor, logarithmicSums: Tensor)?

    /// Q, K and V, `[N H, T, d]`, and P, `[N H, T, T]`.
    typealias Explicit = (queries: Tensor, keys: Tensor, values: Tensor, probabilities: Tensor)
    /// Those of this linearization, once somebody has asked.
    private var kept: Explicit?

    var explicit: Explicit {
        if let kept { return kept }
        let parts = stacked(input)
        let explicit = (parts.queries, parts.keys, parts.values, layer.probabilities(parts))
        kept = explicit
        return explicit
    }

    private var scale: Double { 1 / Double(input.size(2) / (3 * layer.heads)).squareRoot() }

    init(layer: ScaledDotProductAttention, input: Tensor, fused: (output: Tensor, logarithmicSums: Tensor)?) {
        self.layer = layer
        self.input = input
        self.fused = fused
    }

    var hasParameters: Bool { false }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        guard needsInput else { return nil }
        let heads = cotangent.reshaped([input.size(0), input.size(1), layer.heads, -1]).transposed(1, 2)
        let pulled: (queries: Tensor, keys: Tensor, values: Tensor)
        if let fused, kept == nil {
            let (queries, keys, values) = layer.split(input)
            pulled = Kernels.flashAttentionPullback(
                heads, queries: queries, keys: keys, values: values, output: fused.output,
                logarithmicSums: fused.logarithmicSums, isCausal: layer.isCausal)
        } else {
            pulled = explicitPullback(heads.flattened(upTo: 1))
        }
        let parts = [pulled.queries, pulled.keys, pulled.values].map { layer.joined($0) }
        return .concatenated(parts, along: 2)
    }

    /// With `O = P V` and `S = Q K^T / sqrt(d)`: `dV = P^T dO`, `dP = dO V^T`, `dS = softmax' dP`, `dQ = dS K / sqrt(d)` and
    /// `dK = dS^T Q / sqrt(d)`; dO is `[N H, T, d]`.
    private func explicitPullback(_ cotangent: Tensor) -> (queries: Tensor, keys: Tensor, values: Tensor) {
        let (queries, keys, values, probabilities) = explicit
        let scores = Kernels.softmaxDerivative(cotangent.matmul(values.transposed()), output: probabilities)
        return (
            layer.unstacked(scores.matmul(keys) * scale, like: input),
            layer.unstacked(scores.transposed().matmul(queries) * scale, like: input),
            layer.unstacked(probabilities.transposed().matmul(cotangent), like: input)
        )
    }

    /// `S' = (Q' K^T + Q K'^T) / sqrt(d)`, `P' = softmax' S'` and `O' = P' V + P V'`.
    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        guard let tangent else { return nil }
        let pushed = stacked(tangent)
        let (queries, keys, values, probabilities) = explicit
        let scores = pushed.queries.matmul(keys.transposed())
        scores.addMatmulsInPlace(queries, pushed.keys.transposed(), scale: scale, keep: scale)
        let output = Kernels.softmaxDerivative(scores, output: probabilities).matmul(values)
        output.addMatmulsInPlace(probabilities, pushed.values)
        return layer.joined(layer.unstacked(output, like: input))
    }

    /// The heads' parts of `[N, T, 3 D]`, `[N H, T, d]` each, with the rows of each matrix next to each other.
    private func stacked(_ x: Tensor) -> (queries: Tensor, keys: Tensor, values: Tensor) {
        let parts = x.reshaped([x.size(0), x.size(1), 3, layer.heads, -1]).transposed(1, 3).contiguous()
        func part(_ index: Int) -> Tensor { parts.selected(2, index).flattened(upTo: 1) }
        return (part(0), part(1), part(2))
    }
}
