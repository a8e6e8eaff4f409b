import Reporting
import Teleportation

/// The options of teleports that not every method heeds, each stated once: its name, who heeds it, and what a summary says of
/// it.
package struct TeleportOption: Sendable {
    /// The name on the command line, in configuration files and in summaries.
    package let name: String
    /// The methods that heed it.
    package let methods: Set<TeleportMethod>
    /// What it is set to.
    package let value: @Sendable (TeleportConfiguration) -> JSONValue

    private static let climbing: Set<TeleportMethod> = [.nullSpace, .symmetry, .levelSet]

    /// All of them.
    package static let all: [TeleportOption] = [
        TeleportOption(name: "objective", methods: climbing) { .string($0.objective.rawValue) },
        TeleportOption(name: "direction", methods: climbing) { .string($0.sense.rawValue) },
        TeleportOption(name: "teleport-steps", methods: climbing) { .integer($0.steps) },
        TeleportOption(name: "step-size", methods: climbing) { .string($0.stepSize.text) },
        TeleportOption(name: "line-search", methods: climbing) { .string($0.resolvedSearch.rawValue) },
        TeleportOption(name: "cap", methods: climbing) { .string($0.cap.text) },
        TeleportOption(name: "tau", methods: [.nullSpace]) { .number($0.tau) },
        TeleportOption(name: "scope", methods: [.nullSpace]) { .string($0.scope.rawValue) },
        TeleportOption(name: "derivative", methods: [.nullSpace, .symmetry]) { .string($0.derivative.rawValue) },
        TeleportOption(name: "group-action", methods: [.symmetry]) { .string($0.groupAction.rawValue) },
        TeleportOption(name: "group-element", methods: [.symmetry]) { .string($0.groupElement.rawValue) },
        TeleportOption(name: "step-scaling", methods: [.levelSet]) { .string($0.scaling.rawValue) },
        TeleportOption(name: "hidden-units", methods: [.random]) { .string($0.hiddenUnits.rawValue) },
    ]

    /// The option of a name.
    package static func named(_ name: String) -> TeleportOption? { all.first { $0.name == name } }

    /// The methods that heed it, as people list them.
    package var methodNames: String {
        TeleportMethod.allCases.filter(methods.contains).map(\.rawValue).joined(separator: ", ")
    }
}

/// An objective by its name.
package enum ObjectiveOption: String, CaseIterable, Sendable {
    /// `1/2 ||g||^2`.
    case gradientNorm = "gradient-norm"
    /// `1/2 ||g||_A^2` with the optimizer's preconditioner A.
    case preconditionedNorm = "preconditioned-norm"

    /// The objective.
    package var objective: any Objective {
        switch self {
        case .gradientNorm: GradientNorm()
        case .preconditionedNorm: PreconditionedNorm()
        }
    }
}

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

/// What a random teleport does to hidden units.
package enum HiddenUnitsOption: String, CaseIterable, Sendable {
    case rescale
    case permute
    case both
}
