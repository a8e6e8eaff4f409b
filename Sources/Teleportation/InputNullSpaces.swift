import NeuralNetworks
import Torch

/// The null spaces of a model's affine maps, computed as they are first asked for.
final class InputNullSpaces {
    private let tau: Double
    private let covariances: [String: InputCovariance]
    private var known: [String: InputNullSpace] = [:]

    /// The dimension of each null space asked for so far, by the map's name.
    var freeDimensions: [String: Int] { known.mapValues(\.freeDimensions) }

    /// - Parameters:
    ///   - tau: See `InputNullSpace`.
    ///   - covariances: By the map's name, inputs over more than the batch, which stand for those of the batch.
    init(tau: Double, covariances: [String: InputCovariance] = [:]) {
        self.tau = tau
        self.covariances = covariances
    }

    /// The null space of a map's input.
    func of(_ map: AffineMap) throws(TorchError) -> InputNullSpace {
        if let space = known[map.name] { return space }
        let space =
            if let covariance = covariances[map.name] {
                try covariance.nullSpace(tau: tau)
            } else {
                try InputNullSpace.of(map, tau: tau)
            }
        known[map.name] = space
        return space
    }
}
