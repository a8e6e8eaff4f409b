import Torch

/// A tensor of a model that training changes, or one of its buffers, under the name that PyTorch's `state_dict` gives
/// it (`weight`, `2.bias`).
public struct Parameter {
    /// The path of the parameter within the model.
    public var name: String
    /// The elements; optimizers and teleporters change them in place.
    public let value: Tensor
    /// Whether it is a buffer that stays as it is while training, as the parameters of a frozen layer do, and running
    /// statistics do not.
    public let isConstant: Bool

    /// A parameter of the given name.
    public init(_ name: String, _ value: Tensor, isConstant: Bool = false) {
        self.name = name
        self.value = value
        self.isConstant = isConstant
    }
}

/// A differentiable function with parameters: one building block of a model, or a whole model.
///
/// A layer of your own needs the forward pass and its parameters; its derivatives then come from autograd:
///
/// ```swift
/// struct Scale: Layer {
///     let factor: Tensor  // [D]
///     var parameters: [Parameter] { [Parameter("factor", factor)] }
///     func callAsFunction(_ x: Tensor) -> Tensor { x * factor }  // [N, D] to [N, D]
/// }
/// ```
///
/// The layers of this library also give `linearize`, which costs no tape, and affine layers record their `AffineSite`
/// there, which is what null-space teleportation moves. A layer that is made of others is a `CompositeLayer`.
public protocol Layer {
    /// The tensors that training changes, in the order of PyTorch's `parameters()`; a tensor that is used twice is listed
    /// once, under its first name.
    var parameters: [Parameter] { get }

    /// State that is no parameter, since no gradient moves it, but belongs to a saved model: the running statistics of
    /// batch normalization. The layer changes the tensors in place.
    var buffers: [Parameter] { get }

    /// What the layer draws random numbers from while training, as dropout does.
    var generators: [Generator] { get }

    /// What the layer says of itself.
    var structure: LayerStructure { get }

    /// Whether what the layer makes of a sample depends on the other samples of its batch, as with batch normalization in
    /// training. What holds for a sample in one batch then need not hold for it in another one.
    var couplesSamples: Bool { get }

    /// The forward pass, in operations that autograd can differentiate any number of times: the reference.
    func callAsFunction(_ x: Tensor) -> Tensor

    /// The forward pass, with the derivative at `x`.
    func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization)
}

extension Layer {
    /// No parameters.
    public var parameters: [Parameter] { [] }

    /// No buffers.
    public var buffers: [Parameter] { [] }

    /// No generators.
    public var generators: [Generator] { [] }

    /// Nothing.
    public var structure: LayerStructure { .opaque }

    /// Whether a layer that this one says it is made of does.
    public var couplesSamples: Bool {
        switch structure {
        case .sequence(let parts): parts.contains(where: \.couplesSamples)
        case .residual(let body): body.couplesSamples
        case .affine, .activation, .elementwise, .normalization, .scaledDotProductAttention, .pooling, .identity,
            .flattening, .opaque:
            false
        }
    }
}
