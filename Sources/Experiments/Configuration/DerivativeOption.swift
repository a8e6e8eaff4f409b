/// How directions are computed, for every method that has a choice.
package enum DerivativeOption: String, CaseIterable, Sendable {
    case closedForm = "closed-form"
    /// As NS25 has it.
    case doubleBackward = "double-backward"
    /// As ST22 and PS24 have it.
    case published

    /// The methods that have it.
    package var methods: Set<TeleportMethod> {
        switch self {
        case .closedForm: [.nullSpace, .symmetry]
        case .doubleBackward: [.nullSpace]
        case .published: [.symmetry]
        }
    }
}
