import Torch

/// The derivative of a layer at an input.
///
/// A linearization keeps the activations at which it was made but reads the layer's weights as they are when it is
/// asked: after a move in the null space of its inputs a layer's activations are still right, and its derivative is that
/// of the moved weights. A layer that gives only its forward pass runs it again where that takes it.
///
/// What belongs to a parameter or to an affine map is collected under it, so that a layer made of others hands the
/// collection to each of them and joins nothing.
public protocol Linearization {
    /// Whether a pull-back may collect anything; where nothing further back has parameters, none goes there.
    var hasParameters: Bool { get }

    /// The vector-Jacobian product.
    ///
    /// - Parameters:
    ///   - cotangent: dL/d(output), of the output's shape.
    ///   - needsInput: Whether the cotangent of the input is asked for; the first layer of a model does without.
    ///   - collected: Receives the gradients of the parameters, and the cotangents of the outputs of the affine maps, last
    ///     to first.
    /// - Returns: dL/d(input); nil if it is not asked for, or there is none, as at indices.
    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor?

    /// The Jacobian-vector product.
    ///
    /// - Parameters:
    ///   - tangent: The tangent of the input, of its shape; nil stands for zero, as at the data.
    ///   - directions: The tangents of the parameters; a parameter that does not move has none.
    ///   - collected: Receives the tangents of the inputs of the affine maps, first to last.
    /// - Returns: The tangent of the output; nil is zero.
    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor?
}

extension Linearization {
    /// Yes.
    public var hasParameters: Bool { true }

    /// The vector-Jacobian product, with all that it collects.
    public func pullback(
        _ cotangent: Tensor, needsInput: Bool = true
    ) -> (input: Tensor?, collected: Pullback) {
        var collected = Pullback()
        let input = pullback(cotangent, needsInput: needsInput, into: &collected)
        return (input, collected)
    }

    /// The Jacobian-vector product, with all that it collects.
    public func pushforward(
        _ tangent: Tensor?, along directions: Gradients = Gradients()
    ) -> (output: Tensor?, collected: Pushforward) {
        var collected = Pushforward()
        let output = pushforward(tangent, along: directions, into: &collected)
        return (output, collected)
    }

    /// The affine maps, in the order of the forward pass.
    public var sites: [AffineSite] { pushforward(nil).collected.sites }
}
