import NeuralNetworks
import Teleportation
import Torch

/// The published ways to teleport.
package enum TeleportMethod: String, CaseIterable, Sendable {
    /// Null-space gradient projection (NS25): any model of affine maps.
    case nullSpace = "null-space"
    /// Group actions between the layers of a perceptron (ST22, PS24).
    case symmetry
    /// Successive linear steps along the level set (LS24): any model, with some drift.
    case levelSet = "level-set"
    /// Random rescaling of hidden units (NT23): perceptrons and convolutional networks of ReLU and its like.
    case random
}

extension TeleportConfiguration {
    /// Checks that the method can move a model.
    ///
    /// - Throws: `SymmetryRefusal` or `RandomTeleporterError`, which say what to use instead.
    package func check(_ model: some Layer) throws { try makeTeleporter(using: Generator(seed: 0)).check(model) }

    /// The teleporter of the method.
    ///
    /// - Parameter generator: What random teleports are drawn from.
    func makeTeleporter(using generator: Generator) -> any Teleporter {
        let objective = self.objective.objective
        return switch method {
        case .nullSpace:
            NullSpaceTeleporter(
                objective: objective, sense: sense, steps: steps, stepSize: stepSize, search: resolvedSearch, cap: cap,
                tau: tau, scope: scope, derivative: derivative == .doubleBackward ? .doubleBackward : .closedForm,
                tolerance: tolerance)
        case .symmetry:
            SymmetryTeleporter(
                action: groupAction, element: groupElement, objective: objective, sense: sense, steps: steps,
                stepSize: stepSize, search: resolvedSearch, cap: cap,
                derivative: derivative == .published ? .published : .closedForm, tolerance: tolerance)
        case .levelSet:
            LevelSetTeleporter(
                objective: objective, sense: sense, steps: steps, stepSize: stepSize, scaling: scaling,
                search: resolvedSearch, cap: cap, tolerance: tolerance)
        case .random:
            RandomTeleporter(
                rescaling: hiddenUnits == .permute ? nil : .logUniform(factor: 2), permutes: hiddenUnits != .rescale,
                using: generator, tolerance: tolerance)
        }
    }

    /// What becomes of steps that go too far.
    package var resolvedSearch: Search { search ?? (method == .levelSet ? .armijo : .overshoot) }

    /// The number of control samples.
    package var controlSampleCount: Int { controlSamples ?? (method == .nullSpace ? 256 : 0) }
}
