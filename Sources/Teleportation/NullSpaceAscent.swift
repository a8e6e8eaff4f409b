import NeuralNetworks
import Torch

/// The direction of a teleport step on one batch: `pi(H g)`, the gradient of `1/2 ||grad L||^2` (NS25 eq. 4), projected
/// onto the null space of the input of each affine map.
protocol NullSpaceAscent: AnyObject {
    /// Computes g, the gradients of all parameters, with the weights as they are now.
    func differentiate() -> [ParameterGradient]

    /// The direction, with the weights as they were at the last `differentiate()`.
    ///
    /// - Parameter spaces: Where the null spaces come from.
    /// - Throws: `TorchError` if a null space cannot be computed.
    func direction(in spaces: InputNullSpaces) throws(TorchError) -> [Move]
}

/// A parameter, and the direction in which to move it.
struct Move {
    let parameter: Tensor
    let direction: ParameterGradient
}
