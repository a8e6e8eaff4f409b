/// The figures of the papers that can be made anew.
package enum Reproductions {
    /// All of them, by paper and number.
    package static let all: [any Reproduction] = [
        TestFunctionTrajectories(), MultilayerRegression(), ClassificationWithSymmetry(), TeleportSchedules(),
        GradientDescentRuntime(), TestFunctionGradients(), TeleportSweep(), MethodComparison(), TeleportRuntime(),
        OptimizersWithSymmetry(over: .epochs), OptimizersWithSymmetry(over: .seconds), LearnedOptimizers(),
        OneTeleportTheory(),
        GeneralizationWithSymmetry(with: .sgd), GeneralizationWithSymmetry(with: .adagrad), DisplacedMinimum(),
        MomentumWithSymmetry(),
        ValidationLossCorrelation(.table), ValidationLossCorrelation(.sharpness), ValidationLossCorrelation(.curvature),
        LookaheadStudy(),
    ]

    /// That of a name; nil if there is none.
    package static func named(_ name: String) -> (any Reproduction)? { all.first { $0.name == name } }
}
