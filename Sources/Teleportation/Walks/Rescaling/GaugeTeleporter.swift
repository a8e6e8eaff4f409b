import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// Teleportation along an exact gauge: the positive scales of hidden units, climbed where `RandomTeleporter` draws them.
///
/// What leads to hidden unit i, weights and bias, is multiplied by `exp(s_i)`, and what leads away from it divided, between one
/// dense layer or convolution and the next with a positively homogeneous activation between (NT23). No output changes, of any
/// sample: the loss of all data stays, not only that of the batch, and control samples are a check of the objective alone. With
/// G the gradient of the objective, its derivative is
///
///     dJ/ds_i = <G_in,i, W_in,i> + G_b,i b_i - <G_out,i, W_out,i>
///
/// and a step adds eta times this to the log-scales, so that it stays in the group. No paper has it.
///
/// ```swift
/// let teleporter = GaugeTeleporter()
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
public struct GaugeTeleporter: ClimbingTeleporter {
    /// What is climbed, and how. A step that goes by a share of the parameters goes by ten times that share in the root mean
    /// square of the log-scales.
    public var climb: Climb

    /// A teleporter that climbs as is told; by default it lowers the loss after the optimizer's next step.
    public init(_ climb: Climb = .lookahead()) { self.climb = climb }

    /// Half of the log-scales is in the group too.
    public var hasDivisibleMoves: Bool { true }

    /// Checks that the model has hidden units that can be rescaled; see `RandomTeleporter`.
    ///
    /// - Throws: `RescalingRefusal` if it has none, and what `Climb.check(_:before:onOrbit:)` throws.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try climb.check(model, before: optimizer)
        _ = try HiddenUnits.of(model, rescaled: true)
    }

    /// Begins a teleport; see `Teleporter`. Traps on a model that `check` refuses.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        let units: [HiddenUnits]
        do throws(RescalingRefusal) {
            units = try HiddenUnits.of(model, rescaled: true)
        } catch {
            fatalError(error.description)
        }
        return ClimbingTeleport(climb, in: context) { batch in
            BatchLoss(model, loss, on: batch)
        } makeWalk: { landscape in
            GaugeWalk(on: landscape, units)
        }
    }
}

extension GaugeTeleporter: TextualTeleporter {
    package static let methodName = "gauge"
    package static var standard: GaugeTeleporter { GaugeTeleporter() }
    package static let settings: [Setting<GaugeTeleporter>] = Climb.settings.map { $0.within(\.climb) }

    /// The method and the settings that are not the standard ones, as `gauge:teleport-steps=8`.
    public var description: String { text }
}
