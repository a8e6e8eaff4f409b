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

    /// The hidden units of a model, first to last.
    ///
    /// - Parameter rescaled: Whether what lies between the layers must be positively homogeneous.
    static func of(_ model: some Layer, rescaled: Bool) throws(RandomTeleporterError) -> [HiddenUnits] {
        var hidden: [HiddenUnits] = []
        var weights: [Tensor] = []
        var last: (any Layer)?
        var activation: String?
        var isFlattened = false
        for layer in layers(of: model) {
            switch layer {
            case is ReLU, is LeakyReLU, is Dropout: break
            case is Tanh, is Sigmoid, is GELU: activation = name(of: layer)
            case is MaxPooling:
                if let last, last is Dense || isFlattened { throw .sequence(name(of: last), name(of: layer)) }
            case is Flatten: isFlattened = true
            case is Dense, is Convolution:
                let weight = layer.parameters[0].value
                if weights.contains(where: { $0.sharesStorage(with: weight) }) { throw .sharedWeights }
                weights.append(weight)
                if let last {
                    if rescaled, let activation { throw .notHomogeneous(activation: activation) }
                    hidden.append(try HiddenUnits(between: last, and: layer, isFlattened: isFlattened))
                }
                (last, activation, isFlattened) = (layer, nil, false)
            default: throw .layer(name(of: layer))
            }
        }
        guard !hidden.isEmpty else { throw .noHiddenUnits }
        return hidden
    }

    private init(
        between first: any Layer, and second: any Layer, isFlattened: Bool
    ) throws(RandomTeleporterError) {
        let fits = first is Dense ? second is Dense : (second is Dense) == isFlattened
        guard fits else { throw .sequence(Self.name(of: first), Self.name(of: second)) }
        incoming = first.parameters[0].value
        bias = first.parameters.dropFirst().first?.value
        outgoing = second.parameters[0].value
        let (count, inputs) = (incoming.size(0), outgoing.size(1))
        require(
            isFlattened ? inputs % count == 0 : inputs == count,
            "\(Self.name(of: second)): a weight of shape \(outgoing.shape) after \(count) units")
        // Flattened, an image [C, H, W] has the places of a channel side by side, and tokens [T, D] the units of a token.
        tokens = first is Dense ? inputs / count : 1
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

    private static func layers(of model: any Layer) -> [any Layer] {
        switch model {
        case let model as Sequential: model.layers.flatMap(layers)
        case let model as MLP: layers(of: model.body)
        case let model as ConvolutionalNetwork: layers(of: model.body)
        default: [model]
        }
    }

    private static func name(of layer: any Layer) -> String { "\(type(of: layer))" }
}
