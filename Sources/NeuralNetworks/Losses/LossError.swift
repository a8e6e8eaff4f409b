import Torch

/// Targets that a loss cannot compare a model's outputs with.
public enum LossError: Error, Hashable, CustomStringConvertible {
    /// A label that is no class, and not the one that a loss ignores either.
    case label(Int64, position: Int, classes: Int, ignored: Int64)
    /// Targets of another element type.
    case elementType(DType, expected: DType)
    /// Targets of another shape than the outputs ask for.
    case shape(outputs: [Int], targets: [Int], expected: String)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .label(let label, let position, let classes, let ignored):
            "label \(label) at position \(position) is none of the model's \(classes) classes, which are 0 to \(classes - 1): "
                + "give the model more outputs, or the sample a label among them (\(ignored) leaves it out)"
        case .elementType(let dtype, let expected):
            "the targets are of \(dtype), and the loss takes \(expected): convert them with to(dtype: .\(expected))"
        case .shape(let outputs, let targets, let expected):
            "targets of shape \(targets) do not fit outputs of shape \(outputs): the loss takes targets of shape \(expected)"
        }
    }
}
