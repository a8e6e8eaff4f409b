import NeuralNetworks
import Torch

/// The hidden units between two affine layers: the outputs of a dense layer, or the channels of a convolution.
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

    /// The hidden units of a model, first to last: those between two affine layers of which nothing between stands in the way.
    ///
    /// - Parameter rescaled: Whether what lies between the layers must be positively homogeneous.
    /// - Throws: `RescalingRefusal` if there are none, with the first thing that stands in the way.
    static func of(_ model: some Layer, rescaled: Bool) throws(RescalingRefusal) -> [HiddenUnits] {
        var search = Search(rescaled: rescaled)
        search.visit(model)
        search.end(nil)
        let shared = search.hidden.filter { search.isShared($0.incoming) || search.isShared($0.outgoing) }
        let hidden = search.hidden.filter { units in !shared.contains { $0.incoming.isIdentical(to: units.incoming) } }
        guard hidden.isEmpty else { return hidden }
        throw !shared.isEmpty ? .sharedWeights : search.obstacle ?? .noHiddenUnits
    }

    /// A way through the structure of a model.
    private struct Search {
        let rescaled: Bool
        private(set) var hidden: [HiddenUnits] = []
        /// What first stood in the way.
        private(set) var obstacle: RescalingRefusal?
        /// The weights that were met, and the parameters of layers whose structure is not known.
        private var met: [Tensor] = []
        /// The affine layer whose outputs are followed; nil if there is none.
        private var last: (weight: Tensor, bias: Tensor?, name: String)?
        private var isFlattened = false

        init(rescaled: Bool) { self.rescaled = rescaled }

        /// Whether a weight was met twice.
        func isShared(_ weight: Tensor) -> Bool { met.count { $0.sharesStorage(with: weight) } > 1 }

        /// Follows no units further, for a reason if it is one.
        mutating func end(_ reason: RescalingRefusal?) {
            if last != nil, let reason { obstacle = obstacle ?? reason }
            (last, isFlattened) = (nil, false)
        }

        mutating func visit(_ layer: any Layer) {
            let name = "\(type(of: layer))"
            switch layer.structure {
            case .sequence(let parts): for part in parts { visit(part) }
            case .residual(let body):
                // What goes in and what comes out is added to something else.
                end(.layer(name))
                visit(body)
                end(.layer(name))
            case .identity: break
            case .flattening: isFlattened = true
            case .pooling:
                if let last, last.weight.rank == 2 || isFlattened { end(.sequence(last.name, name)) }
            case .activation(let activation):
                if rescaled && !activation.isPositivelyHomogeneous { end(.notHomogeneous(activation: name)) }
            case .elementwise(let isPositivelyHomogeneous):
                if rescaled && !isPositivelyHomogeneous { end(.notHomogeneous(activation: name)) }
            case .affine(let weight, let bias):
                met.append(weight)
                if let last {
                    let isDense = (first: last.weight.rank == 2, second: weight.rank == 2)
                    if isDense.first ? isDense.second : isDense.second == isFlattened {
                        hidden.append(
                            HiddenUnits(
                                between: last, and: (weight, name), isFlattened: isFlattened))
                    } else {
                        end(.sequence(last.name, name))
                    }
                }
                (last, isFlattened) = ((weight, bias, name), false)
            case .opaque:
                // Among the buffers are the weights of a frozen layer, which may be those of one that moves.
                met += (layer.parameters + layer.buffers).map(\.value)
                end(.layer(name))
            }
        }
    }

    private init(
        between first: (weight: Tensor, bias: Tensor?, name: String), and second: (weight: Tensor, name: String),
        isFlattened: Bool
    ) {
        incoming = first.weight
        bias = first.bias
        outgoing = second.weight
        let (count, inputs) = (incoming.size(0), outgoing.size(1))
        require(
            isFlattened ? inputs % count == 0 : inputs == count,
            "\(second.name): a weight of shape \(outgoing.shape) after \(count) units")
        // Flattened, an image [C, H, W] has the places of a channel side by side, and tokens [T, D] the units of a token.
        tokens = first.weight.rank == 2 ? inputs / count : 1
    }

    /// The derivative of a function of the parameters with respect to the logarithm of each unit's scale, `[count]`, in float64:
    /// `<G_in,i, W_in,i> + G_b,i b_i - <G_out,i, W_out,i>`.
    ///
    /// - Parameter gradient: G, the function's gradient with respect to the parameters; what is missing is zero.
    func derivativeByLogarithmOfScales(_ gradient: Gradients) -> Tensor {
        func products(_ parameter: Tensor) -> Tensor? {
            gradient[parameter].map { ($0.formed() * parameter).to(dtype: .float64) }
        }
        let zeros = Tensor.zeros([count], dtype: .float64, device: incoming.device)
        let into = products(incoming)?.reshaped([count, -1]).sum(along: [1]) ?? zeros
        let offset = bias.flatMap(products) ?? zeros
        let away = products(outgoing)?.reshaped([outgoing.size(0), tokens, count, -1]).sum(along: [0, 1, 3]) ?? zeros
        return into + offset - away
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
