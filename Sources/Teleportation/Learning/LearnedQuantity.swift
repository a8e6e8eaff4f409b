/// What a meta-optimizer learns to choose at each step of a training; the arms of PS24 Figure 6.
package enum LearnedQuantity: String, CaseIterable, Sendable {
    /// The update of all weights: m1 alone.
    case update
    /// The group element of each pair of layers, and the step size of gradient descent: m2 alone.
    case rateAndTeleport = "rate+teleport"
    /// The update and the group elements: m1 and m2.
    case updateAndTeleport = "update+teleport"

    /// Whether there is an m1.
    package var hasUpdate: Bool { self != .rateAndTeleport }
    /// Whether there is an m2.
    package var hasTeleport: Bool { self != .update }

    /// What the paper's figure calls it.
    package var paperName: String {
        switch self {
        case .update: "LSTM(update)"
        case .rateAndTeleport: "LSTM(lr, tele)"
        case .updateAndTeleport: "LSTM(update, tele)"
        }
    }
}
