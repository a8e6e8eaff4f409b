import Foundation
import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// Teleportation to the point of the orbit of positive scales where the weights are smallest (ENorm: Stock, Graham, Gribonval, Jégou,
/// "Equi-normalization of neural networks", 2019): what leads to each hidden unit has the norm of what leads away from it.
///
/// It asks no data and no gradient. It goes from the first layer to the last, as often as it has cycles; the sum of the squared weights
/// falls with each layer, to the one minimum that the orbit has. Biases go with their units and are not counted, as in the paper.
///
/// ```swift
/// let reports = EqualizingTeleporter().teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
public struct EqualizingTeleporter: Teleporter {
    /// How often all layers are gone through.
    public var cycles: Int
    /// How much the loss of a teleport batch may change, relative to the loss, before the parameters are set back.
    public var tolerance: Double

    /// A teleporter; by default it goes through the layers ten times.
    public init(cycles: Int = 10, tolerance: Double = 0.01) {
        self.cycles = cycles
        self.tolerance = tolerance
    }

    /// Checks that a model has hidden units that can be rescaled; see `RandomTeleporter`.
    ///
    /// - Throws: `RescalingRefusal`, which says what to use instead; `SettingRefusal` if a number is none to go by.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try SettingRefusal.check("cycles", cycles >= 1, "\(cycles)", remedy: "give 1 or more")
        try SettingRefusal.check(tolerance: tolerance)
        _ = try HiddenUnits.of(model, rescaled: true)
    }

    /// Begins a teleport; see `Teleporter`. Traps on a model that `check` refuses.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        let hidden = trapping { () throws(RescalingRefusal) in try HiddenUnits.of(model, rescaled: true) }
        return HiddenUnitsTeleport(of: model, loss, tolerance: tolerance) {
            for _ in 0..<cycles {
                for units in hidden { units.rescale(by: units.equalizingScales) }
            }
        }
    }
}

extension HiddenUnits {
    /// The scales after which the weights that lead to each unit have the norm of those that lead away, `[count]`, in float64; 1 for a unit
    /// to which, or from which, nothing leads.
    fileprivate var equalizingScales: Tensor {
        let norms = squaredNorms
        let isDead = (norms.incoming * norms.outgoing).doubles().map { !($0 > 0) }
        let scales = (norms.outgoing.logarithm() - norms.incoming.logarithm()).doubles().map { exp($0 / 4) }
        return Tensor(zip(isDead, scales).map { $0 ? 1 : $1 })
    }
}

extension EqualizingTeleporter: TextualTeleporter {
    package static let methodName = "equalize"
    package static var standard: EqualizingTeleporter { EqualizingTeleporter() }
    package static let settings: [Setting<EqualizingTeleporter>] = [
        Setting("cycles", \.cycles, atLeast: 1, "How often all layers are gone through"),
        Setting("tolerance", \.tolerance, "The relative drift of the loss beyond which a teleport is undone"),
    ]

    /// The method and the settings that are not the standard ones, as `equalize:cycles=1`.
    public var description: String { text }
}
