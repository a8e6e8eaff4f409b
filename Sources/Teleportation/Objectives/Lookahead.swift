import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// `J(w) = L(w + k d(w))`, the loss after the optimizer's next step: d is the step that it would take from w, and k a margin.
///
/// It is what a teleport is for, and needs neither a cap nor a rate: it knows the learning rate, the optimizer and its state.
/// Where the rate is too small it lengthens the gradient, and where it is too large it moves to where the step overshoots
/// less. This is this project's own; the papers raise the gradient norm. It is lowered, with `Climb.lookahead(margin:)`.
///
/// The step d is that from the gradient of the batch. The loss is that of the same samples, or of others.
///
/// With v the gradient of the loss at `w + k d`, lr the learning rate and A the diagonal by which the step scales a gradient
/// (the identity for SGD), held fixed, the gradient of J is `v - k lr H A v`, with the
/// batch's Hessian H. Of an optimizer without such a diagonal, as Muon, the step itself is held fixed, and the gradient is v. What
/// weight decay adds, the share `k lr lambda` of v, is left out, and what Nesterov's momentum adds. J itself, by which steps are judged,
/// leaves nothing out.
///
/// Of SGD and momentum the climb goes along v alone unless told otherwise: the step is held as it is. Of SGD both have nearly one
/// direction in the level set of the batch: `v = g - k lr H g + ...`, of which g has no part there, and `k lr H v` is `k lr H g`
/// again. Where the rate is large enough for them to differ, v is the better guide, and it takes no Hessian-vector product; so it does
/// where momentum goes on, which enters v. Of optimizers that scale each element by itself the step is followed: held, it leads to where
/// one step fits the batch and other samples lose by it (`teleport reproduce lookahead` has both). It is followed at other samples, too:
/// their gradient has a part in the level set of the batch, and alone would only train on them.
public struct Lookahead: Objective, Hashable {
    /// k, the multiple of the step that is looked at. More than 1 is a margin against the noise of batches.
    public var margin: Double
    /// The samples whose loss is looked at.
    public var samples: Samples
    /// How the gradient takes the optimizer's step.
    public var optimizerStep: OptimizerStep

    /// What the gradient has of the optimizer's step.
    public enum OptimizerStep: String, CaseIterable, Sendable {
        /// Followed where there is a diagonal A that scales each element by itself, as Adam's, or parts by rates of their own, or the
        /// samples are others; held else.
        case automatic = "auto"
        /// The step as it is: v.
        case held
        /// The step as it follows the weights: `v - k lr H A v`, for a Hessian-vector product more. Of an optimizer without a diagonal
        /// A, as Muon, the step is held all the same.
        case followed
    }

    /// Samples to look at.
    public enum Samples: String, CaseIterable, Sendable {
        /// Those of the teleport batch: nothing but its own level set is used.
        case batch
        /// As many others, drawn anew for each batch, as the context of the teleport gives them. The climb then learns from
        /// them what the batch cannot know; it is counted as the work that it is.
        case others
    }

    /// The loss after a multiple of the optimizer's next step.
    public init(margin: Double = 3, samples: Samples = .batch, optimizerStep: OptimizerStep = .automatic) {
        require(margin > 0 && margin.isFinite, "Lookahead: a margin of \(margin)")
        self.margin = margin
        self.samples = samples
        self.optimizerStep = optimizerStep
    }

    /// Others, if it is to look at these.
    public var looksAtOtherSamples: Bool { samples == .others }

    /// `lookahead` or `lookahead-others`, with a margin that is not the default as in `lookahead:2`.
    public var name: String {
        (samples == .batch ? "lookahead" : "lookahead-others")
            + (margin == Lookahead().margin ? "" : ":\(margin.shortText)")
    }

    /// `L(w + k d)`.
    public func value(at point: Point) -> Double { look(from: point).value }

    private func look(from point: Point) -> LossElsewhere {
        point.lossAhead(margin: margin, atOthers: looksAtOtherSamples)
    }

    /// v, or `v - k lr H A v`.
    public func gradient(at point: Point) -> ObjectiveGradient {
        let ahead = look(from: point).gradients
        guard follows(point.optimizer) else { return ObjectiveGradient(explicit: ahead) }
        // Factors are scaled before they are formed: that takes no pass over all elements.
        let steps = ahead.map { $0.scaled(by: -margin * point.optimizer.learningRate) }
        let along = point.optimizer.preconditioned(steps, at: point.gradientsOfStep, of: point.parameters)
        return ObjectiveGradient(explicit: ahead, hessianAlong: along)
    }

    /// Whether the gradient follows the step of an optimizer.
    private func follows(_ optimizer: any Optimizer) -> Bool {
        switch optimizerStep {
        case .automatic: optimizer.scalesElements || looksAtOtherSamples
        case .held: false
        case .followed: true
        }
    }
}

extension Climb {
    /// A climb down from the loss after the optimizer's next step: each step goes by a share of the weights' norm, is halved
    /// until the loss ahead falls, and no cap is needed.
    public static func lookahead(
        margin: Double = 3, samples: Lookahead.Samples = .batch, optimizerStep: Lookahead.OptimizerStep = .automatic
    ) -> Climb {
        Climb(
            objective: Lookahead(margin: margin, samples: samples, optimizerStep: optimizerStep), sense: .decrease,
            steps: 8,
            stepSize: .share(0.05), search: .armijo, cap: .none)
    }
}
