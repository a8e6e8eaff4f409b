import NeuralNetworks
import Torch

/// The steps of symmetry teleportation on one batch.
protocol SymmetryAscent: AnyObject {
    /// The loss of the batch.
    func currentLoss() -> Double

    /// Computes the gradients of all parameters, with the weights as they are now.
    func differentiate() -> [ParameterGradient]

    /// The gradients of `1/2 ||grad L||^2` with respect to T at T = 0, one for each pair of layers, `[k, k]`, with the
    /// weights as they were at the last `differentiate()`.
    ///
    /// - Throws: `TorchError` if a pseudo-inverse cannot be computed.
    func direction() throws(TorchError) -> [ParameterGradient]

    /// Moves the weights by the group elements of `scale` times the directions.
    ///
    /// - Returns: How often parts of the elements were halved, to keep hidden units in the range of their activation; nil if
    ///   that did not help for any pair of layers, and nothing moved.
    /// - Throws: `TorchError` if a pseudo-inverse cannot be computed.
    func move(along directions: [ParameterGradient], scale: Double) throws(TorchError) -> Int?

    /// Brings the parameters up to date: moves may leave changes pending that no derivative needs.
    func commit()
}

extension SymmetryAscent {
    /// Nothing is pending.
    func commit() {}
}
