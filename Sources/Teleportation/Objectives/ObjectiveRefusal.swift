import NeuralNetworks

/// Why an objective cannot be climbed.
public enum ObjectiveRefusal: Error, Hashable, CustomStringConvertible {
    /// The optimizer's step does not scale each element of the gradient by a number of its own.
    case noPreconditioner(optimizer: String)
    /// The objective is a property of the curves of a group, and the walk is not along these.
    case noOrbit(objective: String)
    /// The curves of the group need the inverse of an activation that has none.
    case notBijective(Activation)

    /// A sentence for people, which says what to use instead.
    public var description: String {
        switch self {
        case .noOrbit(let objective):
            "\(objective) is that of the curves of a group of symmetries, along which this method does not move: use the "
                + "symmetry method (SymmetryTeleporter), or another objective"
        case .notBijective(let activation):
            "curvature takes the inverse of the activation, and \(activation) is not bijective: use LeakyReLU with a positive "
                + "slope, tanh or sigmoid, or another objective"
        case .noPreconditioner(let optimizer):
            "the preconditioned norm takes an optimizer that scales each element of the gradient, and \(optimizer) does "
                + "not: use the gradient norm, or SGD, momentum, AdaGrad, RMSProp, Adam or AdamW"
        }
    }
}
