import NeuralNetworks
import Torch

/// The null spaces of the inputs of a model's weights, computed as they are first asked for.
final class InputNullSpaces {
    private let tau: Double
    private let covariances: [(weight: Tensor, covariance: InputCovariance)]?
    /// Which part of the batch is here; nil for all.
    private let shard: Shard?
    /// The null spaces asked for so far.
    private(set) var known: [(weight: Tensor, space: InputNullSpace)] = []

    /// - Parameters:
    ///   - tau: See `InputNullSpace`.
    ///   - covariances: Inputs of weights over more than the batch, which stand for those of the batch; nil for those of the batch.
    ///   - shard: Which part of the batch is here; nil for all.
    init(
        tau: Double, covariances: [(weight: Tensor, covariance: InputCovariance)]? = nil,
        over shard: Shard? = nil
    ) {
        self.tau = tau
        self.shard = shard
        self.covariances = covariances
    }

    /// The dimension of each null space asked for so far, by the name of the affine map.
    func freeDimensions(in model: any Layer) -> [String: Int] {
        Dictionary(known.map { (model.name(ofLayerWith: $0.weight), $0.space.freeDimensions) }) { first, _ in first }
    }

    /// The null space of the inputs of a weight; nil where nothing is known of its inputs over more than the batch. So it is of a
    /// weight that reads the data: what the gradient of a loss of these has to say about it lies in their rows.
    ///
    /// - Throws: `TorchError` if a decomposition fails, as with inputs that are not finite.
    func of(_ movable: MovableWeight) throws(TorchError) -> InputNullSpace? {
        if let (_, space) = known.first(where: { $0.weight.isIdentical(to: movable.weight) }) { return space }
        let space: InputNullSpace
        if let covariances {
            guard let (_, covariance) = covariances.first(where: { $0.weight.isIdentical(to: movable.weight) }) else {
                return nil
            }
            space = try covariance.nullSpace(tau: tau)
        } else {
            space = try InputNullSpace.of(movable, tau: tau, over: shard)
        }
        known.append((movable.weight, space))
        return space
    }
}

extension InputNullSpace {
    /// The null space of the inputs of a weight, at all processes where they are of a batch that is spread.
    static func of(
        _ movable: MovableWeight, tau: Double, over shard: Shard? = nil
    ) throws(TorchError) -> InputNullSpace {
        if shard == nil, movable.sites.count == 1, let representation = movable.sites[0].input.representation {
            return try InputNullSpace(of: representation.rows, hasBias: movable.bias != nil, tau: tau)
        }
        let covariance = InputCovariance(of: movable)
        // A sample that stands in is counted where it belongs.
        if shard?.ownCount != 0 { for site in movable.sites { covariance.add(site.input) } }
        if let shard { covariance.merge(over: shard.group) }
        return try covariance.nullSpace(tau: tau)
    }
}
