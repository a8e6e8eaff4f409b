import NeuralNetworks
import Torch

/// `psi(w, k)`, the mean curvature at w of k random curves `exp(t M) . w` on the level set; PS24 eq. 5.
///
/// The group is that of `GroupAction.exact` between each two layers of a perceptron, the elements M of its Lie algebras have
/// entries drawn from [0, 1), as in the published experiments, and one M of each pair makes a curve. At a minimum psi says how
/// much the set of minima bends, which the curvature of the loss does not see. It is raised, with `Climb.curvature(_:)`, or
/// lowered.
///
/// ```swift
/// let psi = try Curvature().value(of: model, on: batch.inputs)
/// let teleporter = SymmetryTeleporter(.curvature())
/// ```
///
/// The curves are drawn anew for each teleport, and are the same for all that it compares. psi does not know the loss or the
/// targets. It needs the curves of a group and a bijective activation: LeakyReLU, tanh or the logistic function.
public struct Curvature: Objective, Hashable {
    /// k, the number of curves.
    public let curves: Int
    /// What the curves follow from, where a teleport has no generator to draw them from.
    public let seed: UInt64

    /// The mean curvature of a number of random curves; the published experiments take one.
    ///
    /// - Parameters:
    ///   - curves: k, at least 1.
    ///   - seed: What the curves follow from.
    public init(curves: Int = 1, seed: UInt64 = 0) {
        require(curves > 0, "Curvature: \(curves) curves")
        self.curves = curves
        self.seed = seed
    }

    /// psi of a model on samples; not a number where the samples or the weights are none.
    ///
    /// - Parameters:
    ///   - model: A perceptron with a bijective activation.
    ///   - inputs: The samples, as the model is given them.
    /// - Throws: `SymmetryRefusal` if the model is another one.
    public func value(of model: some Layer, on inputs: Tensor) throws(SymmetryRefusal) -> Double {
        mean(of: try Perceptron(bijective: model), on: inputs)?.item() ?? .nan
    }

    /// The gradient of psi with respect to each of a model's parameters; not a number where psi is not.
    ///
    /// - Parameters:
    ///   - model: A perceptron with a bijective activation.
    ///   - inputs: The samples, as the model is given them.
    /// - Throws: `SymmetryRefusal` if the model is another one.
    public func gradient(of model: some Layer, on inputs: Tensor) throws(SymmetryRefusal) -> [Tensor] {
        let perceptron = try Perceptron(bijective: model)
        let parameters = model.parameters.map(\.value)
        return withGradients(of: parameters) {
            mean(of: perceptron, on: inputs).map { Torch.gradient(of: $0, with: parameters) }
                ?? parameters.map { Tensor.zeros(like: $0) * .nan }
        }
    }

    /// The derivatives at t = 0 of the curve `exp(t M) . w` of a model on samples, in float64, one part for each
    /// parameter of the model; PS24 eqs. 57 and 60.
    ///
    /// With several pairs of layers the moves of all are added, each from w, as in the published experiments.
    ///
    /// - Parameters:
    ///   - model: A perceptron with a bijective activation.
    ///   - inputs: The samples, as the model is given them.
    ///   - elements: M of each two consecutive layers with k units between them, `[k, k]`.
    /// - Throws: `SymmetryRefusal` if the model is another one; `TorchError` if the samples or the weights are not finite.
    public static func curve(
        of model: some Layer, on inputs: Tensor, along elements: [Tensor]
    ) throws -> CurveDerivatives {
        try OrbitCurve(of: Perceptron(bijective: model), on: inputs).derivatives(along: elements)
    }

    /// psi, rank 0, followed by autograd; nil if a pseudo-inverse cannot be computed.
    private func mean(of perceptron: Perceptron, on inputs: Tensor) -> Tensor? {
        let curve: OrbitCurve
        do throws(TorchError) { curve = try OrbitCurve(of: perceptron, on: inputs) } catch { return nil }
        let generator = Generator(seed: seed)
        let sum = (0..<curves).reduce(Tensor(0, dtype: .float64, device: inputs.device)) { sum, _ in
            sum
                + curve.curvature(
                    along: perceptron.layers.dropLast().map {
                        let units = $0.weight.size(0)
                        return Tensor.uniform([units, units], using: generator, dtype: .float64)
                            .to(device: inputs.device)
                    })
        }
        return sum / Double(curves)
    }

    // MARK: Objective

    /// `curvature`.
    public var name: String { "curvature" }

    /// The curves go through the activations of all samples.
    public var needsWholeBatch: Bool { true }

    /// psi at a point.
    public func value(at point: Point) -> Double {
        let landscape = point.currentLandscape
        landscape.work.count(.forward)
        return trapping { () throws(SymmetryRefusal) in
            try value(of: landscape.model, on: landscape.batch.inputs)
        }
    }

    /// The gradient of psi at a point.
    public func gradient(at point: Point) -> ObjectiveGradient {
        let landscape = point.currentLandscape
        landscape.work.count(.forwardAndBack)
        let gradients = trapping { () throws(SymmetryRefusal) in
            try gradient(of: landscape.model, on: landscape.batch.inputs)
        }
        return ObjectiveGradient(explicit: gradients.map { .tensor($0) })
    }

    /// Curves of its own for each teleport.
    public func prepared(in context: TeleportContext) -> Curvature {
        Curvature(curves: curves, seed: context.drawSeed() ?? seed)
    }

    /// Refuses walks that are not along the group's orbit, and activations that are no bijections.
    public func check(_ model: some Layer, onOrbit: Bool) throws(ObjectiveRefusal) {
        guard onOrbit else { throw .noOrbit(objective: name) }
        do throws(SymmetryRefusal) {
            _ = try Perceptron(bijective: model)
        } catch .notBijective(let activation) {
            throw .notBijective(activation)
        } catch {
            // What is no perceptron has no orbit, and it is the method that says so.
        }
    }
}

extension Climb {
    /// A climb of curvature, or down from it: up to ten steps, each by a group element near the identity and halved until the
    /// curvature rises; no cap is needed.
    public static func curvature(_ objective: Curvature = Curvature(), sense: Sense = .increase) -> Climb {
        Climb(
            objective: objective, sense: sense, steps: 10, stepSize: .share(0.05), search: .armijo, cap: .none)
    }
}
