import NeuralNetworks
import Torch

/// The loss of a batch at other parameters than those of the model, which do not change.
public final class LossElsewhere {
    /// The loss.
    public let value: Double

    /// The gradient of the loss with respect to each of the parameters, computed when first asked for.
    public private(set) lazy var gradients: [ParameterGradient] = landscape.at(values) {
        landscape.work.count(.back)
        return linearized.gradients(of: landscape.parameters)
    }

    private let landscape: BatchLoss
    private let values: [Tensor]
    private let linearized: LinearizedLoss

    /// The loss where the parameters have the given values.
    init(_ landscape: BatchLoss, at values: [Tensor]) {
        self.landscape = landscape
        self.values = values
        (linearized, value) = landscape.at(values) {
            let linearized = landscape.linearized(counting: .forward)
            return (linearized, linearized.value.item())
        }
    }
}
