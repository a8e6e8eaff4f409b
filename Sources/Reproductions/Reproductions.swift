/// The figures of the papers that can be made anew.
package enum Reproductions {
    /// All of them, by paper and number.
    package static let all: [any Reproduction] = st22 + ns25 + ps24 + [LookaheadStudy(), TeleportSettings()]

    private static let st22: [any Reproduction] = [
        TestFunctionTrajectories(), MultilayerRegression(), ClassificationWithSymmetry(), TeleportSchedules(),
        GradientDescentRuntime(), TestFunctionGradients(), TeleportSweep(),
    ]

    private static let ns25: [any Reproduction] = [MethodComparison(), TeleportRuntime()] + TrainingRecipes.all

    private static let ps24: [any Reproduction] = [
        OptimizersWithSymmetry(over: .epochs), OptimizersWithSymmetry(over: .seconds), LearnedOptimizers(),
        OneTeleportTheory(),
        GeneralizationWithSymmetry(with: .sgd), GeneralizationWithSymmetry(with: .adagrad), DisplacedMinimum(),
        MomentumWithSymmetry(),
        ValidationLossCorrelation(.table), ValidationLossCorrelation(.sharpness), ValidationLossCorrelation(.curvature),
    ]

    /// That of a name; nil if there is none.
    package static func named(_ name: String) -> (any Reproduction)? { all.first { $0.name == name } }
}
