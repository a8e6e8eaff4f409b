import NeuralNetworks
import Torch

extension HiddenUnits {
    /// The hidden units of a model, first to last: those between two affine layers of which nothing between stands in the way.
    ///
    /// - Parameter rescaled: Whether what lies between the layers must be positively homogeneous.
    /// - Throws: `RescalingRefusal` if there are none, with the first thing that stands in the way.
    static func of(_ model: some Layer, rescaled: Bool) throws(RescalingRefusal) -> [HiddenUnits] {
        var search = GaugeSearch(rescaled: rescaled)
        search.visit(model)
        return try search.found(search.all.filter(\.isBetweenAffineLayers))
    }
}

/// All exact symmetries of a model that are known: the scales of hidden units and of what normalizations give, and the changes of
/// basis in attention heads.
enum Gauges {
    /// Those of a model, first to last.
    ///
    /// - Throws: `RescalingRefusal` if there are none, with the first thing that stands in the way.
    static func of(_ model: some Layer) throws(RescalingRefusal) -> [any Gauge] {
        var search = GaugeSearch(rescaled: true)
        search.visit(model)
        return try search.found(search.all)
    }
}

/// A way through the structure of a model, which meets its exact symmetries.
private struct GaugeSearch {
    /// A symmetry, what it moves, and whether it is that of units between two affine layers.
    typealias Symmetry = (gauge: any Gauge, parameters: [Tensor], isBetweenAffineLayers: Bool)

    let rescaled: Bool
    /// All that are found, first to last.
    private(set) var all: [Symmetry] = []
    /// What first stood in the way of units between affine layers.
    private var obstacle: RescalingRefusal?
    /// The parameters of the layers that were met, and the parameters of layers whose structure is not known.
    private var met: [Tensor] = []
    /// What gives the units that are followed; nil if nothing does.
    private var last: Source?
    /// The input projection of the attention whose output is read next.
    private var attended: (source: Source, heads: Int)?

    /// A layer whose outputs are followed.
    private struct Source {
        let weight: Tensor
        let bias: Tensor?
        let name: String
        /// Whether its units are those of a dimension of channels.
        let areChannels: Bool
        let isNormalization: Bool
        /// Whether the outputs have been flattened since.
        var isFlattened = false
        /// Whether nothing has changed them since.
        var isUntouched = true
    }

    init(rescaled: Bool) { self.rescaled = rescaled }

    /// Those of the found symmetries whose parameters have no other use.
    func found<Kind>(_ symmetries: [Symmetry]) throws(RescalingRefusal) -> [Kind] {
        let own = symmetries.filter { symmetry in
            symmetry.parameters.allSatisfy { parameter in met.count { $0.sharesStorage(with: parameter) } == 1 }
        }
        guard own.isEmpty else { return own.compactMap { $0.gauge as? Kind } }
        throw !symmetries.isEmpty ? .sharedWeights : obstacle ?? .noHiddenUnits
    }

    /// Follows no units further, for a reason if it is one.
    private mutating func end(_ reason: RescalingRefusal?) {
        if let last, !last.isNormalization, let reason { obstacle = obstacle ?? reason }
        last = nil
    }

    mutating func visit(_ layer: any Layer) {
        let name = "\(type(of: layer))"
        switch layer.structure {
        case .sequence(let parts): for part in parts { visit(part) }
        case .identity: break
        case .affine(let weight, let bias): visitAffine(weight, bias, name)
        case .scaledDotProductAttention(let heads):
            attended = last.flatMap { $0.isUntouched && !$0.areChannels && !$0.isNormalization ? ($0, heads) : nil }
            end(.layer(name))
        case let structure:
            attended = nil
            visit(structure, of: layer, name)
        }
    }

    /// What neither reads attention nor is it.
    private mutating func visit(_ structure: LayerStructure, of layer: any Layer, _ name: String) {
        last?.isUntouched = false
        switch structure {
        case .residual(let body):
            // What goes in and what comes out is added to something else.
            end(.layer(name))
            visit(body)
            attended = nil
            end(.layer(name))
        case .flattening: last?.isFlattened = true
        case .pooling:
            if let last, !last.areChannels || last.isFlattened { end(.sequence(last.name, name)) }
        case .activation(let activation):
            if rescaled && !activation.isPositivelyHomogeneous { end(.notHomogeneous(activation: name)) }
        case .elementwise(let isPositivelyHomogeneous):
            if rescaled && !isPositivelyHomogeneous { end(.notHomogeneous(activation: name)) }
        case .normalization(let weight, let bias, let dimension):
            met += [weight, bias]
            end(.layer(name))
            last = Source(weight: weight, bias: bias, name: name, areChannels: dimension == 1, isNormalization: true)
        default:
            // Among the buffers are the weights of a frozen layer, which may be those of one that moves.
            met += (layer.parameters + layer.buffers).map(\.value)
            end(.layer(name))
        }
    }

    private mutating func visitAffine(_ weight: Tensor, _ bias: Tensor?, _ name: String) {
        met += [weight, bias].compactMap(\.self)
        let isDense = weight.rank == 2
        if let (source, heads) = attended, isDense {
            for part in AttentionGauge.Part.allCases {
                let gauge = AttentionGauge(
                    part: part, heads: heads, inWeight: source.weight, inBias: source.bias, outWeight: weight)
                let parameters = [source.weight, source.bias, weight].compactMap(\.self)
                all.append((gauge, parameters, isBetweenAffineLayers: false))
            }
        }
        attended = nil
        if let last {
            // Channels become the columns of a dense layer where they are flattened, and only there.
            let follows = last.areChannels ? isDense == last.isFlattened : isDense
            if follows {
                let units = HiddenUnits(
                    behind: (last.weight, last.bias), before: weight, of: name, areChannels: last.areChannels,
                    isFlattened: last.isFlattened)
                let parameters = [last.weight, last.bias, weight].compactMap(\.self)
                all.append((units, parameters, isBetweenAffineLayers: !last.isNormalization))
            } else {
                end(.sequence(last.name, name))
            }
        }
        last = Source(weight: weight, bias: bias, name: name, areChannels: !isDense, isNormalization: false)
    }
}
