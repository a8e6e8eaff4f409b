import Foundation
import NeuralNetworks
import Optimizers
import Torch

/// Teleportation to a random point of the symmetry orbit of a network (NT23: Armenta et al., "Neural Teleportation",
/// 2023): the function stays what it is, and the gradient becomes whatever it is there.
///
/// Two groups act on the hidden units between one dense layer or convolution and the next; the units of a convolution are
/// its channels.
/// - Positive rescaling: the weights and the bias that lead to unit j are multiplied by `c_j > 0`, those that lead away
///   from it divided by `c_j`. Nothing changes behind them if the activation between is positively homogeneous,
///   `s(c z) = c s(z)`, as ReLU and LeakyReLU are.
/// - Permutation of the units, for every activation that acts on each element. The norm of the gradient stays.
///
/// In exact arithmetic the outputs are the same for all inputs; the report carries what rounding makes of the loss.
///
/// ```swift
/// let teleporter = RandomTeleporter(using: Generator(seed: 0))
/// try teleporter.check(model)
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
public struct RandomTeleporter: Teleporter {
    /// Where the scales of the hidden units come from; nil leaves their scales alone.
    public var rescaling: Rescaling?
    /// Whether hidden units change places. What a stateful optimizer remembers of a unit then stands with another one.
    public var permutes: Bool
    /// Draws scales and permutations, on the CPU.
    public let generator: Generator
    /// How much the loss of a teleport batch may change, relative to the loss, before the parameters are set back.
    public var tolerance: Double

    /// The distribution of the scale `c` of a hidden unit.
    public enum Rescaling: Hashable, Sendable {
        /// `log c` is uniform between minus and plus the logarithm of the factor, so that a scale and its inverse are as
        /// likely; the factor is greater than 1.
        case logUniform(factor: Double)
        /// `c = 1 + uniform(-sigma, sigma)`, the positive changes of basis of NT23; sigma is between 0 and 1.
        case uniform(sigma: Double)

        /// Scales of units, `[count]`, in float64.
        func draw(_ count: Int, using generator: Generator) -> Tensor {
            switch self {
            case .logUniform(let factor):
                require(factor > 1 && factor.isFinite, "Rescaling: scales within a factor of \(factor)")
                let bound = log(factor)
                return Tensor.uniform([count], in: -bound..<bound, using: generator, dtype: .float64).exponential()
            case .uniform(let sigma):
                require(sigma > 0 && sigma < 1, "Rescaling: scales within \(sigma) of 1")
                return .uniform([count], in: 1 - sigma..<1 + sigma, using: generator, dtype: .float64)
            }
        }
    }

    /// A teleporter; by default it rescales hidden units by up to a factor of two, and leaves them in their places.
    public init(
        rescaling: Rescaling? = .logUniform(factor: 2), permutes: Bool = false, using generator: Generator,
        tolerance: Double = 0.01
    ) {
        self.rescaling = rescaling
        self.permutes = permutes
        self.generator = generator
        self.tolerance = tolerance
    }

    /// Checks that a model has the symmetries that the teleporter draws from.
    ///
    /// Such a model has two dense layers or convolutions one after the other, with nothing between them but elementwise
    /// activations, dropout, max pooling (of convolutions) and `Flatten`; layers say of themselves what they are
    /// (`Layer.structure`). Activations must be positively homogeneous if units are to be rescaled. Units that anything else
    /// stands behind stay as they are.
    ///
    /// - Throws: `RandomTeleporterError`, which says what to use instead.
    public func check(_ model: some Layer) throws {
        _ = try HiddenUnits.of(model, rescaled: rescaling != nil)
    }

    /// Begins a teleport to another random point for each batch; see `Teleporter`. Traps if `check(_:)` throws.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        require(tolerance >= 0, "RandomTeleporter: tolerance \(tolerance)")
        require(rescaling != nil || permutes, "RandomTeleporter: neither rescales nor permutes")
        do throws(RandomTeleporterError) {
            let hidden = try HiddenUnits.of(model, rescaled: rescaling != nil)
            return RandomTeleport(self, of: hidden) { BatchLoss(model, loss, on: $0) }
        } catch {
            fatalError(error.description)
        }
    }

    fileprivate func move(_ units: HiddenUnits) {
        if let rescaling { units.rescale(by: rescaling.draw(units.count, using: generator)) }
        if permutes { units.permute(to: .permutation(units.count, using: generator)) }
    }
}

/// A random teleport, which climbs nothing.
private struct RandomTeleport: Teleport {
    private let teleporter: RandomTeleporter
    private let hidden: [HiddenUnits]
    private let landscape: (Batch) -> BatchLoss

    init(_ teleporter: RandomTeleporter, of hidden: [HiddenUnits], landscape: @escaping (Batch) -> BatchLoss) {
        self.teleporter = teleporter
        self.hidden = hidden
        self.landscape = landscape
    }

    func move(on batch: Batch) -> TeleportReport {
        let start = ContinuousClock.now
        let landscape = self.landscape(batch)
        let saved = SavedParameters(landscape.parameters)
        let linearized = landscape.linearized()
        return TeleportTransaction(landscape, tolerance: teleporter.tolerance).run(
            since: start, lossBefore: linearized.value.item(), restore: saved.restore
        ) { report throws(TeleportReport.Restoration) in
            report.gradientNormSquaredBefore =
                try linearized.gradients(of: landscape.parameters).squaredNorm().checkedFinite()
            for units in hidden { teleporter.move(units) }
            report.steps = 1
            report.gradientNormSquaredAfter =
                try landscape.linearized().gradients(of: landscape.parameters).squaredNorm().checkedFinite()
        }
    }
}
