/// Why null-space teleportation does not apply to a model.
public enum NullSpaceRefusal: Error, Hashable, CustomStringConvertible {
    /// The loss of all samples cannot be held: a layer of the model, by the name of the model's type, makes of a sample what
    /// depends on the others of its batch, as batch normalization does.
    case coupledSamples(model: String)

    /// A sentence for people, which says what to use instead.
    public var description: String {
        switch self {
        case .coupledSamples(let model):
            "scope dataset holds the loss of each sample by itself, and in \(model) what a sample becomes depends on the "
                + "others of its batch, as with batch normalization: use scope batch, or a model without"
        }
    }
}
