import NeuralNetworks
import Torch

/// The hidden units between two affine layers: the outputs of a dense layer, or the channels of a convolution; or the features that
/// a normalization scales before an affine layer.
struct HiddenUnits {
    /// The weight that leads to them, `[count, ...]`.
    private let incoming: Tensor
    /// `[count]`.
    private let bias: Tensor?
    /// The weight that leads away, `[out, tokens count places]` or `[out, count, kH, kW]`.
    private let outgoing: Tensor
    /// The tokens that a flattened row holds, each with all units; 1 if there are none.
    private let tokens: Int

    /// The number of units.
    var count: Int { incoming.size(0) }

    /// The units between two layers.
    ///
    /// - Parameters:
    ///   - weight: What leads to them, with its bias.
    ///   - outgoing: What leads away.
    ///   - name: The layer that does, for people.
    ///   - areChannels: Whether a flattened row has the places of a unit side by side, as an image `[C, H, W]` has them, and not all
    ///     units of a token, as `[T, D]`.
    ///   - isFlattened: Whether the layer that leads away reads such a row.
    init(
        behind weight: (weight: Tensor, bias: Tensor?), before outgoing: Tensor, of name: String, areChannels: Bool,
        isFlattened: Bool
    ) {
        (incoming, bias) = weight
        self.outgoing = outgoing
        let (count, inputs) = (incoming.size(0), outgoing.size(1))
        require(
            isFlattened ? inputs % count == 0 : inputs == count,
            "\(name): a weight of shape \(outgoing.shape) after \(count) units")
        tokens = areChannels ? 1 : inputs / count
    }

    /// The squared norms of the weights that lead to each unit and away from it, `[count]`, in float64.
    var squaredNorms: (incoming: Tensor, outgoing: Tensor) {
        func squares(_ weight: Tensor) -> Tensor { (weight * weight).to(dtype: .float64) }
        return (
            squares(incoming).reshaped([count, -1]).sum(along: [1]),
            squares(outgoing).reshaped([outgoing.size(0), tokens, count, -1]).sum(along: [0, 1, 3])
        )
    }

    /// Multiplies what leads to the units by positive scales, `[count]`, and divides what leads away.
    func rescale(by scales: Tensor) {
        let scales = scales.to(dtype: incoming.dtype, device: incoming.device)
        incoming.copy(from: incoming * scales.reshaped([count] + incoming.shape.dropFirst().map { _ in 1 }))
        if let bias { bias.copy(from: bias * scales) }
        changeOutgoing { $0 / scales.reshaped([1, 1, count, 1]) }
    }

    /// Puts unit `order[j]` in the place of unit j.
    func permute(to order: Tensor) {
        let order = order.to(device: incoming.device)
        incoming.copy(from: incoming.gathered(0, order))
        if let bias { bias.copy(from: bias.gathered(0, order)) }
        changeOutgoing { $0.gathered(2, order) }
    }

    /// - Parameter change: Given the outgoing weight as `[out, tokens, count, places]`, with a place for each element of a
    ///   kernel, or of a channel of a flattened image.
    private func changeOutgoing(_ change: (Tensor) -> Tensor) {
        let changed = change(outgoing.reshaped([outgoing.size(0), tokens, count, -1]))
        outgoing.copy(from: changed.reshaped(outgoing.shape))
    }
}

/// The positive scales of the units: what leads to unit i, weights and bias, is multiplied by `exp(s_i)`, what leads away divided.
extension HiddenUnits: Gauge {
    var dimension: Int { count }

    /// `dJ/ds_i = <G_in,i, W_in,i> + G_b,i b_i - <G_out,i, W_out,i>`, `[count]`.
    func derivative(of gradient: Gradients) -> Tensor {
        func products(_ parameter: Tensor) -> Tensor? {
            gradient[parameter].map { ($0.formed() * parameter).to(dtype: .float64) }
        }
        let zeros = Tensor.zeros([count], dtype: .float64, device: incoming.device)
        let into = products(incoming)?.reshaped([count, -1]).sum(along: [1]) ?? zeros
        let offset = bias.flatMap(products) ?? zeros
        let away = products(outgoing)?.reshaped([outgoing.size(0), tokens, count, -1]).sum(along: [0, 1, 3]) ?? zeros
        return into + offset - away
    }

    func act(by logarithm: Tensor) { rescale(by: logarithm.exponential()) }
}
