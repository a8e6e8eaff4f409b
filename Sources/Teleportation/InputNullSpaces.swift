import NeuralNetworks
import Torch

/// The null spaces of a model's affine maps, computed as they are first asked for.
final class InputNullSpaces {
    private let tau: Double
    private let covariances: [Int: InputCovariance]
    private var known: [Int: (site: AffineSite, space: InputNullSpace)] = [:]

    /// The dimension of each null space asked for so far, by the map's name in a model.
    func freeDimensions(in model: some Layer) -> [String: Int] {
        Dictionary(known.values.map { (model.name(of: $0.site), $0.space.freeDimensions) }) { first, _ in first }
    }

    /// - Parameters:
    ///   - tau: See `InputNullSpace`.
    ///   - covariances: By the map's position, inputs over more than the batch, which stand for those of the batch.
    init(tau: Double, covariances: [Int: InputCovariance] = [:]) {
        self.tau = tau
        self.covariances = covariances
    }

    /// The null space of a map's input.
    ///
    /// - Parameters:
    ///   - map: The map.
    ///   - position: Where it stands among the model's affine maps; names need not be unique.
    func of(_ map: AffineSite, at position: Int) throws(TorchError) -> InputNullSpace {
        if let (_, space) = known[position] { return space }
        let space =
            if let covariance = covariances[position] {
                try covariance.nullSpace(tau: tau)
            } else {
                try InputNullSpace.of(map, tau: tau)
            }
        known[position] = (map, space)
        return space
    }
}
