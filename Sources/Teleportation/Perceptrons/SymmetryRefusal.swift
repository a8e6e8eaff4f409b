import NeuralNetworks

/// Why symmetry teleportation does not apply to a model.
public enum SymmetryRefusal: Error, Hashable, CustomStringConvertible {
    /// The model is none of dense layers with an activation between each two; `part` names what does not fit.
    case notAPerceptron(part: String)
    /// The exact action needs the inverse of an activation that has none.
    case notBijective(Activation)
    /// The published derivative knows the gradient norm alone.
    case publishedObjective

    /// A sentence for people, which says what to use instead.
    public var description: String {
        switch self {
        case .notAPerceptron(let part):
            "symmetry teleportation moves perceptrons, of dense layers with an activation between each two, and \(part) "
                + "does not fit: use the null-space method (NullSpaceTeleporter), which moves any model"
        case .publishedObjective:
            "the published derivative of symmetry teleportation raises the gradient norm and nothing else: take the closed "
                + "form for another objective"
        case .notBijective(let activation):
            "the exact group action inverts the activation, and \(activation) is not bijective: use LeakyReLU with a "
                + "positive slope, tanh or sigmoid, the approximate action, or the null-space method (NullSpaceTeleporter)"
        }
    }
}
