/// The figures of the papers that can be made anew.
public enum Reproductions {
    /// All of them, by paper and number.
    public static let all: [any Reproduction] = [
        TestFunctionTrajectories(), MultilayerRegression(), ClassificationWithSymmetry(), TeleportSchedules(),
        GradientDescentRuntime(), TestFunctionGradients(), TeleportSweep(), MethodComparison(), TeleportRuntime(),
    ]

    /// That of a name; nil if there is none.
    public static func named(_ name: String) -> (any Reproduction)? { all.first { $0.name == name } }
}
