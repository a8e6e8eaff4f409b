import NeuralNetworks
import Torch

/// A group that acts on a few parameters of a model and changes no output, of any sample: an exact symmetry of the architecture.
protocol Gauge {
    /// The dimension of the space that its elements act on.
    var dimension: Int { get }

    /// The derivative of a function of the parameters along the group, at the identity: an element of the Lie algebra, in float64.
    ///
    /// - Parameter gradient: G, the function's gradient with respect to the parameters; what is missing is zero.
    func derivative(of gradient: Gradients) -> Tensor

    /// Acts on the parameters, in place, with the group element that has a logarithm, of the shape of a derivative, in float64.
    func act(by logarithm: Tensor)
}
