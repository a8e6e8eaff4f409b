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
