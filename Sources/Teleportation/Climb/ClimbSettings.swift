import TextForms

extension Climb {
    /// What can be set by a text, as every method that climbs has it.
    static let settings: [Setting<Climb>] = [
        Setting("objective", "What a teleport raises", choices: KnownObjective.allCases.map(\.rawValue)) {
            KnownObjective.name(of: $0.objective)
        } write: { (climb, text) throws(TextError) in
            guard let known = KnownObjective(rawValue: text) else {
                throw TextError(
                    text, "give " + KnownObjective.allCases.map(\.rawValue).joined(separator: ", "))
            }
            climb.objective = known.objective
        },
        Setting("direction", \.sense, "Whether it is raised or lowered"),
        Setting("teleport-steps", \.steps, atLeast: 1, "The steps on each batch"),
        Setting(
            "step-size", \.stepSize, "The length of a step: growth:RATE of the objective, or fixed:ETA as in the papers"
        ),
        Setting(
            "line-search", \.search,
            "What becomes of a step that goes too far: it stands, is halved when it overshoots, or by Armijo's rule"),
        Setting(
            "cap", \.cap,
            "Where a teleport stops: predicted:SHARE of the loss promised by the optimizer's next step, fixed:CAP on the "
                + "squared gradient norm, relative:FACTOR to its start, or none"),
        Setting("tolerance", \.tolerance, "The relative drift of the loss beyond which a teleport is undone"),
    ]
}

/// The objectives of the package, by their names.
private enum KnownObjective: String, CaseIterable {
    case gradientNorm = "gradient-norm"
    case preconditionedNorm = "preconditioned-norm"

    var objective: any Objective {
        switch self {
        case .gradientNorm: GradientNorm()
        case .preconditionedNorm: PreconditionedNorm()
        }
    }

    /// The name of an objective; of one that is a user's, that of its type.
    static func name(of objective: any Objective) -> String {
        let type = type(of: objective)
        return allCases.first { Swift.type(of: $0.objective) == type }?.rawValue ?? "\(type)"
    }
}
