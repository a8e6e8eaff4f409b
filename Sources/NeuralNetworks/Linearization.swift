import Torch

/// The derivative of a layer at an input.
///
/// A linearization keeps the activations at which it was made but reads the layer's weights as they are when it is
/// asked: after a move in the null space of its inputs a layer's activations are still right, and its derivative is that
/// of the moved weights. (A linearization by autograd, of a layer that gives nothing else, keeps its weights as well.)
public protocol Linearization {
    /// The affine maps inside, in the order in which the forward pass meets them.
    var affineMaps: [AffineMap] { get }

    /// The vector-Jacobian product.
    ///
    /// - Parameters:
    ///   - cotangent: dL/d(output), of the output's shape.
    ///   - needsInput: Whether the cotangent of the input is asked for; the first layer of a model does without.
    func pullback(_ cotangent: Tensor, needsInput: Bool) -> Pullback

    /// The Jacobian-vector product.
    ///
    /// - Parameters:
    ///   - tangent: The tangent of the input, of its shape; nil stands for zero, as at the data.
    ///   - directions: The tangents of the parameters, in the layer's order; empty stands for zeros.
    func pushforward(_ tangent: Tensor?, along directions: ArraySlice<ParameterGradient>) -> Pushforward
}

extension Linearization {
    /// No affine maps.
    public var affineMaps: [AffineMap] { [] }

    /// The vector-Jacobian product, with the cotangent of the input.
    public func pullback(_ cotangent: Tensor) -> Pullback { pullback(cotangent, needsInput: true) }
}

/// What a cotangent at the output becomes further back.
public struct Pullback {
    /// dL/d(input), if it was asked for.
    public var input: Tensor?
    /// dL/d(parameter), in the layer's order.
    public var parameters: [ParameterGradient]
    /// dL/dz at the output z of each affine map, in the order of `affineMaps`; Delta in NS25 section 3.2.
    public var affineOutputs: [Tensor]

    /// The parts; by default those of a layer that has neither parameters nor affine maps.
    public init(input: Tensor?, parameters: [ParameterGradient] = [], affineOutputs: [Tensor] = []) {
        self.input = input
        self.parameters = parameters
        self.affineOutputs = affineOutputs
    }
}

/// What tangents at the input and the parameters become further on; a nil tangent is zero.
public struct Pushforward {
    /// The tangent of the output.
    public var output: Tensor?
    /// The tangent of the input of each affine map, in the order of `affineMaps`.
    public var affineInputs: [Tensor?]

    /// The parts; by default those of a layer that has no affine maps.
    public init(output: Tensor?, affineInputs: [Tensor?] = []) {
        self.output = output
        self.affineInputs = affineInputs
    }
}

/// An affine map `z = A W^T + 1 b^T` at the input at which a model was linearized: what null-space teleportation moves.
public struct AffineMap {
    /// The layer's parameter, `[out, ...]`.
    public let weight: Tensor
    /// `b`, `[out]`.
    public let bias: Tensor?
    /// `A`, `[m, in]`.
    public let input: any AffineInput
    /// The path of the layer within the model, as in `2` for the parameters `2.weight` and `2.bias`.
    public var name: String

    /// `W`, `[out, in]`: the weight as a matrix, in the same storage.
    public var matrix: Tensor { weight.rank == 2 ? weight : weight.flattened(from: 1) }

    /// The map of a layer at its input.
    public init(weight: Tensor, bias: Tensor?, input: any AffineInput, name: String = "") {
        self.weight = weight
        self.bias = bias
        self.input = input
        self.name = name
    }
}
