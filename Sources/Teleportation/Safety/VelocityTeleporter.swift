import NeuralNetworks
import Optimizers
import Torch

/// A teleporter that moves the velocity of momentum with the parameters, PS24 appendix F.1: by the derivative of each move, so that after
/// it the optimizer goes on in the direction that its last steps have there.
package struct VelocityTeleporter: Teleporter {
    private let base: any Teleporter

    /// A teleporter that carries velocities.
    package init(_ base: any Teleporter) { self.base = base }

    package var hasDivisibleMoves: Bool { base.hasDivisibleMoves }
    package var carriesVelocities: Bool { base.carriesVelocities }
    package var movesOnShards: Bool { base.movesOnShards }

    package func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try base.check(model, before: optimizer)
    }

    package func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        VelocityTeleport(
            base: base.begin(model, loss, in: context), parameters: model.parameters.map(\.value),
            optimizer: context.optimizer)
    }
}

/// A teleport that carries the velocity.
private struct VelocityTeleport: Teleport {
    let base: any Teleport
    let parameters: [Tensor]
    let optimizer: any Optimizer

    func carried(_ velocity: [Tensor]) -> [Tensor] { base.carried(velocity) }

    func move(on batch: Batch) -> TeleportReport {
        let report = base.move(on: batch)
        guard report.hasMoved else { return report }
        let entries = optimizer.state(of: parameters).entries
        // Before its first step there is no velocity.
        let velocity = entries.compactMap { $0.tensors[Momentum.velocityName] }
        guard velocity.count == parameters.count else { return report }
        let state = OptimizerState(
            zip(entries, base.carried(velocity)).map {
                OptimizerState.Entry(stepCount: $0.stepCount, tensors: [Momentum.velocityName: $1])
            })
        do {
            try optimizer.restore(state, for: parameters)
        } catch {
            fatalError("an optimizer refused its own state: \(error)")
        }
        return report
    }
}
