import NeuralNetworks
import Optimizers
import Torch

/// Learning to teleport (PS24 Algorithm 1): a meta-optimizer trains perceptrons, and is itself trained by truncated
/// backpropagation through their training.
///
/// After each `unroll` steps the sum of the losses that they led to is differentiated with respect to the
/// meta-optimizer's weights, and Adam takes a step; weights and memories are cut off from what was before. The gradients
/// that the meta-optimizer reads are data.
package final class UnrolledTraining {
    /// What is trained.
    package let metaOptimizer: MetaOptimizer
    /// How it is trained.
    package let settings: Settings
    /// Adam of m1 and of m2, as far as there are such.
    private let optimizers: [Adam]
    private let parameters: [[Tensor]]

    /// How a meta-optimizer is trained.
    package struct Settings: Hashable, Sendable {
        /// The steps between two cuts.
        package var unroll: Int
        /// The learning rate of m1's Adam.
        package var updateRate: Double
        /// The learning rate of m2's Adam.
        package var teleportRate: Double

        /// Settings; by default those of the published program. The paper's text has the two learning rates the other way
        /// round.
        package init(unroll: Int = 10, updateRate: Double = 1e-3, teleportRate: Double = 1e-4) {
            require(unroll >= 1, "a training unrolled over \(unroll) steps: one at the least")
            self.unroll = unroll
            self.updateRate = updateRate
            self.teleportRate = teleportRate
        }
    }

    /// A training that begins.
    package init(_ metaOptimizer: MetaOptimizer, _ settings: Settings = Settings()) {
        self.metaOptimizer = metaOptimizer
        self.settings = settings
        let networks = metaOptimizer.networks.map(\.network)
        parameters = networks.map { $0.parameters.map(\.value) }
        optimizers = networks.indices.map { index in
            let isUpdate = index == 0 && metaOptimizer.update != nil
            return Adam(learningRate: isUpdate ? settings.updateRate : settings.teleportRate)
        }
    }

    /// What Adam remembers of the parameters of the meta-optimizer, in their order.
    package var optimizerState: OptimizerState {
        OptimizerState(zip(optimizers, parameters).flatMap { $0.state(of: $1).entries })
    }

    /// Goes on from a state that `optimizerState` gave.
    ///
    /// - Throws: `OptimizerStateError` if it does not fit the parameters.
    package func restore(_ state: OptimizerState) throws(OptimizerStateError) {
        var rest = state.entries[...]
        for (optimizer, parameters) in zip(optimizers, parameters) {
            try optimizer.restore(OptimizerState(Array(rest.prefix(parameters.count))), for: parameters)
            rest = rest.dropFirst(parameters.count)
        }
    }

    /// Trains the meta-optimizer on one training of perceptrons, from their initial weights.
    ///
    /// - Parameters:
    ///   - problems: What is trained on; the losses of several are added.
    ///   - steps: The steps of the training. Those after the last cut are not taken.
    /// - Returns: The loss after the last step, summed over the problems, and whether all losses and their derivatives
    ///   were finite; if not, the training ended there, and nothing was learned from the steps since the cut before.
    /// - Throws: `TorchError` if a hidden layer has no pseudo-inverse.
    @discardableResult
    package func train(on problems: RegressionProblems, steps: Int) throws(TorchError) -> (loss: Double, isFinite: Bool)
    {
        let tapes = metaOptimizer.networks.map { MetaLSTM.Tape(for: $0.network) }
        var state = metaOptimizer.initialState(batch: problems.count)
        var weights = problems.initialWeights
        var gradients = problems.differentiated(at: weights).gradients
        var end = Double.nan
        for _ in 0..<steps / settings.unroll {
            let (total, last, followed) = try withGradients(of: []) { () throws(TorchError) in
                var total: Tensor?
                var last: Tensor?
                for _ in 0..<settings.unroll {
                    // Views: the pairs of layers make one weight depend on another, and the gradient is to be that of each
                    // weight with the others held.
                    weights = try metaOptimizer.step(
                        weights, gradients: gradients, on: problems, &state, tapes: tapes
                    ).map { $0.reshaped($0.shape) }
                    let loss = problems.losses(of: weights).sum()
                    gradients = gradient(of: loss, with: weights, retainGraph: true)
                    total = total.map { $0 + loss } ?? loss
                    last = loss
                }
                return (total, last, tapes.map(\.followed))
            }
            guard let total, let last, total.isAllFinite() else { return (end, false) }
            var cotangents = withGradients(of: []) { gradient(of: total, with: followed.flatMap(\.self)) }[...]
            guard Tensor.concatenated(cotangents.map { $0.flattened() }, along: 0).isAllFinite() else {
                return (end, false)
            }
            for (index, tape) in tapes.enumerated() {
                let count = followed[index].count
                optimizers[index].update(
                    parameters[index], with: tape.gradients(cotangents: cotangents.prefix(count)))
                cotangents = cotangents.dropFirst(count)
            }
            end = last.item()
            weights = weights.map { $0.detached() }
            gradients = gradients.map { $0.detached() }
            state = state.detached()
        }
        return (end, true)
    }
}
