import NeuralNetworks
import Optimizers
import Torch

/// A place on the way of a climb: what an objective is computed from.
///
/// What is needed is computed when it is first asked for, with the parameters as they are at the point.
public final class Point {
    /// The loss of the batch as a function of the parameters.
    public let landscape: BatchLoss
    /// The optimizer that goes on from where the climb leads.
    public let optimizer: any Optimizer
    /// The loss of as many other samples; nil where the objective does not look at any.
    public let others: BatchLoss?
    /// The place, which knows the directions that lead on.
    let place: any Place

    /// `||g||^2`. Waits for the device when first asked for.
    public private(set) lazy var squaredNorm = gradients.squaredNorm()

    /// The loss and its gradient after multiples of the optimizer's next step, as far as somebody has asked.
    private var ahead: [Look: LossElsewhere] = [:]

    private struct Look: Hashable {
        let margin: Double
        let isAtOthers: Bool
    }

    init(
        _ place: any Place, in landscape: BatchLoss, before optimizer: any Optimizer, others: BatchLoss? = nil
    ) {
        self.place = place
        self.landscape = landscape
        self.optimizer = optimizer
        self.others = others
    }

    /// g, the gradient of the loss with respect to each of the parameters.
    public var gradients: [ParameterGradient] { place.gradients }

    /// g as it is given to an optimizer that scales elements: formed once, for where its step leads and for the diagonal.
    private(set) lazy var gradientsOfStep: [ParameterGradient] =
        optimizer.scalesElements ? gradients.map { .tensor($0.formed()) } : gradients

    /// The parameters that train, with the values that they have at the point.
    public var parameters: [Tensor] {
        place.bringUpToDate()
        return landscape.parameters
    }

    /// The loss of the batch as a function of the parameters, with these brought up to date.
    var currentLandscape: BatchLoss {
        place.bringUpToDate()
        return landscape
    }

    /// The decrease of the loss that the optimizer's next step promises to first order.
    var predictedDecrease: Double {
        // Values that nobody reads need not be brought up to date.
        optimizer.predictedDecrease(
            of: optimizer.readsParameters ? parameters : landscape.parameters, with: gradients,
            squaredNorm: squaredNorm)
    }

    /// The loss and its gradient after a multiple of the step that the optimizer would take from here, of the batch or of the
    /// other samples.
    func lossAhead(margin: Double, atOthers isAtOthers: Bool) -> LossElsewhere {
        let look = Look(margin: margin, isAtOthers: isAtOthers)
        if let known = ahead[look] { return known }
        guard let seen = isAtOthers ? others : landscape else {
            fatalError("a look at other samples, of which there are none: give the TeleportContext drawOthers")
        }
        let found = LossElsewhere(seen, at: optimizer.displaced(parameters, with: gradientsOfStep, by: margin))
        ahead[look] = found
        return found
    }

    /// The loss at displaced parameters `w + scale d`; the parameters stay at the point, to the last bit.
    ///
    /// - Parameters:
    ///   - displacement: d, for each parameter.
    ///   - scale: What it is multiplied by.
    /// - Returns: The loss there, and its gradient with respect to each of the parameters.
    public func loss(displacedBy displacement: [ParameterGradient], scale: Double = 1) -> LossElsewhere {
        LossElsewhere(landscape, at: currentLandscape.displaced(by: displacement, scale: scale))
    }
}
