/// What becomes of a step that does not do what was expected of it.
public enum Search: String, CaseIterable, Sendable {
    /// Every step stands, as in the papers.
    case none
    /// A step of a given growth is halved, up to five times, while the objective grew to more than four times what was asked
    /// for, or moved the wrong way; what is still too far then is taken back. A fixed step stands.
    case overshoot
    /// Every step is halved, up to 20 times, until the objective rises by 1e-4 of what its derivative promises (Armijo's
    /// rule) and the loss drifts by no more than the tolerance; else the climb ends with the steps before.
    case armijo

    /// The most times that a step is halved.
    var halvings: Int {
        switch self {
        case .none: 0
        case .overshoot: 5
        case .armijo: 20
        }
    }
}
