import NeuralNetworks
import Torch

/// How the energy of an affine map's input is spread over its dimensions; NS25 section 4.4 and Figure 6a.
///
/// ```swift
/// for spectrum in try InputSpectrum.ofMovableMaps(of: model, CrossEntropy(), over: batches) {
///     print(spectrum.name, spectrum.freeDimensions(tau: 0.99), "of", spectrum.dimension)
/// }
/// ```
public struct InputSpectrum: Sendable {
    /// The path of the map within the model.
    public let name: String
    /// The rows of the input, over all batches: one for each sample, token or patch.
    public let rowCount: Int
    /// `sigma_i^2`, descending: the squared singular values of the rows, each of which ends in a one where the map has a
    /// bias. Where there are fewer rows than dimensions, the energies that are missing are zero.
    public let energies: [Double]
    /// d, the columns of the map's matrix.
    public let dimension: Int
    private let resolution: Double

    /// k, the directions that it takes to hold the share tau of the energy; NS25 eq. 3. At 1 those are all of which the
    /// energy is more than a rounding error.
    public func significantDimensions(tau: Double) -> Int {
        significantRank(energies, tau: tau, resolution: resolution)
    }

    /// d - k, the dimension of the null space.
    public func freeDimensions(tau: Double) -> Int { dimension - significantDimensions(tau: tau) }

    /// The share of the energy that the first k directions leave out, for k from 0 to d.
    public var remainders: [Double] {
        var left = [Double](repeating: 0, count: dimension + 1)
        // Summed from the small end, whose sums would drown in rounding errors of the large one.
        for index in energies.indices.reversed() { left[index] = left[index + 1] + max(energies[index], 0) }
        return left.map { left[0] > 0 ? $0 / left[0] : 0 }
    }

    /// The spectra of the inputs of those affine maps of a model that can move: a map that reads the data cannot.
    ///
    /// - Parameters:
    ///   - model: The model, with its weights as they are.
    ///   - loss: The loss whose gradient would move them.
    ///   - batches: The samples; their activations are not kept.
    /// - Throws: `TorchError` if a decomposition fails, as with inputs that are not finite.
    public static func ofMovableMaps(
        of model: some Layer, _ loss: some Loss, over batches: some Sequence<Batch>
    ) throws(TorchError) -> [InputSpectrum] {
        let sums = withoutGradients {
            withMode(.teleportation) { InputCovariance.ofMovableWeights(of: model, loss, over: batches) }
        }
        var spectra: [InputSpectrum] = []
        for (weight, covariance) in sums {
            spectra.append(
                InputSpectrum(
                    name: model.name(ofLayerWith: weight), rowCount: covariance.rowCount,
                    energies: try covariance.energies(), dimension: covariance.dimension,
                    resolution: covariance.resolution))
        }
        return spectra
    }
}
