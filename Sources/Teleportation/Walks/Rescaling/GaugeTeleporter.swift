import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// Teleportation along the exact gauges of an architecture, climbed where `RandomTeleporter` draws them. No paper has it.
///
/// No output changes, of any sample: the loss of all data stays, not only that of the batch, and control samples are a check of the
/// objective alone. With G the gradient of the objective, the gauges and the objective's derivatives along them are
///
/// - the positive scales `exp(s_i)` of hidden units between one dense layer or convolution and the next, with a positively
///   homogeneous activation between (NT23), and of the features that a normalization gives an affine layer:
///   `<G_in,i, W_in,i> + G_b,i b_i - <G_out,i, W_out,i>`;
/// - `exp(M)` in GL(d) between the queries and the keys of an attention head: `G_q W_q^T - W_k G_k^T`;
/// - `exp(M)` in GL(d) between its values and the output projection: `G_v W_v^T - W_o^T G_o`,
///
/// where biases are columns of the weights. A step adds eta times these to the logarithms, so that it stays in the group.
///
/// ```swift
/// let teleporter = GaugeTeleporter()
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
public struct GaugeTeleporter: ClimbingTeleporter {
    /// What is climbed, and how. A step that goes by a share of the parameters goes by ten times that share in the root mean
    /// square of the logarithms.
    public var climb: Climb

    /// A teleporter that climbs as is told; by default it lowers the loss after the optimizer's next step.
    public init(_ climb: Climb = .lookahead()) { self.climb = climb }

    /// Half of the logarithms is in the group too.
    public var hasDivisibleMoves: Bool { true }

    /// By the gradient of the loss of all samples.
    public var movesOnShards: Bool { !climb.objective.needsWholeBatch }

    /// Group elements act on the parameters.
    public var carriesVelocities: Bool { true }

    /// Checks that the model has exact symmetries that are known.
    ///
    /// - Throws: `RescalingRefusal` if it has none, and what `Climb.check(_:before:onOrbit:)` throws.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try climb.check(model, before: optimizer)
        _ = try Gauges.of(model)
    }

    /// Begins a teleport; see `Teleporter`. Traps on a model that `check` refuses.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        let gauges = trapping { () throws(RescalingRefusal) in try Gauges.of(model) }
        return ClimbingTeleport(climb, in: context) { batch in
            BatchLoss(model, loss, on: batch)
        } makeWalk: { landscape in
            GaugeWalk(on: landscape, gauges)
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
