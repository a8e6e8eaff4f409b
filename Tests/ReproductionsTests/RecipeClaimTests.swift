import Experiments
import Reporting
import Testing

@testable import Reproductions

@Suite("Claims follow from the records") struct RecipeClaimTests {
    /// A run with the given losses, an epoch every `seconds`.
    private func run(_ losses: [Double], test: [Double]? = nil, seconds: Double = 1) -> Run {
        Run(
            epochs: losses.enumerated().map { index, loss in
                EpochRecord(
                    epoch: index + 1, trainLoss: loss, testLoss: test?[index] ?? loss, gradientNormSquared: 1,
                    seconds: seconds * Double(index + 1), teleportSeconds: 0)
            })
    }

    private func verdict(
        _ claim: RecipeClaim, _ runs: RecipeClaim.Runs
    ) -> Verdict? { claim.outcome(of: runs)?.verdict }

    @Test("Lower, higher, and what the seeds cannot tell")
    func differences() throws {
        let lower = RelativeDifference(of: [0.8, 0.82, 0.78], from: [1, 1, 1])
        #expect(lower.isLower == .holds && lower.isHigher == .doesNotHold && lower.isNone(within: 0.05) == .doesNotHold)
        #expect(abs(lower.statistic.mean + 0.2) < 1e-12)
        // Student's quantile of two degrees of freedom, 4.303, by the standard error 0.02 / sqrt(3).
        let interval = try #require(lower.interval)
        #expect(abs(interval.upperBound - (-0.2 + 4.303 * 0.02 / 3.0.squareRoot())) < 1e-12)
        #expect(lower.text == "-20.0 % (-25.0 % to -15.0 %)")
        let higher = RelativeDifference(of: [1.2, 1.22, 1.18], from: [1, 1, 1])
        #expect(higher.isLower == .doesNotHold && higher.isHigher == .holds)
        let open = RelativeDifference(of: [0.5, 1.4, 0.8], from: [1, 1, 1])
        #expect(open.isLower == .undecided && open.isHigher == .undecided && open.isNone(within: 0.05) == .undecided)
        let same = RelativeDifference(of: [2.02, 1.99, 2.01], from: [2, 2, 2])
        #expect(same.isLower == .undecided && same.isNone(within: 0.05) == .holds)
        #expect(RelativeDifference(of: [1, 1, 1], from: [1, 1, 1]).isLower == .doesNotHold)
        // One seed has no interval.
        let one = RelativeDifference(of: [0.9], from: [1])
        #expect(one.interval == nil && one.isLower == .holds && one.text == "-10.0 %")
        // A run that diverged where the other did not has not won.
        let diverged = RelativeDifference(of: [0.8, .nan, 0.8], from: [1, 1, 1])
        #expect(diverged.isLower == .doesNotHold && diverged.isHigher == .holds && diverged.text == "no loss")
        #expect(RelativeDifference(of: [0.8, .nan, 0.8], from: [1, .nan, 1]).isLower == .undecided)
    }

    @Test("Each claim looks at its own losses")
    func claims() throws {
        let plain = [run([2, 1.9, 1.8, 1.7, 1.6, 1.5]), run([2.02, 1.92, 1.82, 1.72, 1.62, 1.52])]
        // Ahead while there are teleports, and behind in the end.
        let sprint = [run([1, 1, 1, 1, 1, 1.6]), run([1.02, 1.02, 1.02, 1.02, 1.02, 1.62])]
        var runs = RecipeClaim.Runs(without: plain, nullSpace: sprint, epochs: 6)
        #expect(verdict(.accelerates, runs) == .holds && verdict(.endsLower, runs) == .doesNotHold)
        let early = try #require(RecipeClaim.accelerates.outcome(of: runs)?.difference.statistic.mean)
        #expect(abs(early - ((1 / 1.8 - 1) + (1.02 / 1.82 - 1)) / 2) < 1e-12)
        #expect(verdict(.endsBelowSymmetry, runs) == nil, "there are none")
        // Lower after as many epochs, and not after as many seconds: three epochs fit into the time of six.
        let slow = [
            run([2.2, 2.1, 2, 1.4, 1.2, 1], seconds: 2), run([2.22, 2.12, 2.02, 1.42, 1.22, 1.02], seconds: 2),
        ]
        runs = RecipeClaim.Runs(without: plain, nullSpace: slow, epochs: 6)
        #expect(verdict(.endsLower, runs) == .holds && verdict(.endsLowerInTime, runs) == .doesNotHold)
        let difference = try #require(RecipeClaim.endsLowerInTime.outcome(of: runs)?.difference.statistic.mean)
        #expect(abs(difference - ((2 / 1.5 - 1) + (2.02 / 1.52 - 1)) / 2) < 1e-12)
        // Test losses.
        let overfit = [run([1, 0.5], test: [1, 3]), run([1.1, 0.6], test: [1, 3.01])]
        let fit = [run([1, 0.5], test: [1, 1]), run([1.1, 0.6], test: [1, 1.01])]
        runs = RecipeClaim.Runs(without: fit, nullSpace: overfit, symmetry: fit, epochs: 2)
        #expect(verdict(.endsAtSameTestLoss, runs) == .doesNotHold)
        #expect(verdict(.endsBelowSymmetryInTest, runs) == .doesNotHold)
        runs = RecipeClaim.Runs(without: fit, nullSpace: fit, symmetry: overfit, epochs: 2)
        #expect(verdict(.endsAtSameTestLoss, runs) == .holds && verdict(.endsBelowSymmetryInTest, runs) == .holds)
        #expect(verdict(.endsBelowSymmetry, runs) == .doesNotHold && verdict(.symmetrySlows, runs) == .doesNotHold)
        // Symmetry teleports that end a run are not faster.
        runs = RecipeClaim.Runs(
            without: fit, nullSpace: fit, symmetry: [run([.infinity]), run([1.1, 0.6])], epochs: 2)
        #expect(verdict(.symmetrySlows, runs) == .holds)
    }

    @Test("A difference that rounds to nothing has no sign")
    func texts() {
        #expect(RelativeDifference(of: [1.00001], from: [1]).text == "0.0 %")
        #expect(RelativeDifference(of: [0.99999], from: [1]).text == "0.0 %")
        #expect(RelativeDifference(of: [1.013], from: [1]).text == "+1.3 %")
        #expect(RelativeDifference(of: [0.766], from: [1]).text == "-23.4 %")
    }
}
