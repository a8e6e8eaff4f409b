/// Why an objective cannot be climbed.
public enum ObjectiveRefusal: Error, Hashable, CustomStringConvertible {
    /// The optimizer's step does not scale each element of the gradient by a number of its own.
    case noPreconditioner(optimizer: String)

    /// A sentence for people, which says what to use instead.
    public var description: String {
        switch self {
        case .noPreconditioner(let optimizer):
            "the preconditioned norm takes an optimizer that scales each element of the gradient, and \(optimizer) does "
                + "not: use the gradient norm, or SGD, momentum, AdaGrad, RMSProp, Adam or AdamW"
        }
    }
}
