import Reporting
import Testing

@testable import Experiments

@Suite struct ComparisonTests {
    private func isClose(_ value: Double?, _ expected: Double) -> Bool {
        value.map { abs($0 - expected) < 1e-12 } ?? false
    }

    @Test func statisticsOverSeeds() {
        // Final losses 1 and 3, best ones 1 and 2; the sample standard deviation of 1 and 3 is the square root of 2.
        let arm = ArmStatistics(
            of: arm(
                run([4, 1], test: [5, 6], accuracy: 0.8, teleportShare: 0.25),
                run([2, 3], test: [7, 4], accuracy: 0.6, secondsPerEpoch: 20, teleportShare: 0.25)))
        #expect(arm.finalTrainLoss.mean == 2)
        #expect(isClose(arm.finalTrainLoss.standardDeviation, 2.0.squareRoot()))
        #expect(arm.bestTrainLoss.mean == 1.5)
        #expect(arm.finalTestLoss.mean == 5)
        #expect(arm.bestTestLoss.mean == 4.5)
        #expect(isClose(arm.finalTestAccuracy.mean, 0.7))
        #expect(arm.seconds.mean == 30)
        #expect(arm.teleportSeconds.mean == 7.5)
        #expect(arm.teleportShare == 0.25)
        #expect(arm.runs == 2 && arm.divergedSeeds.isEmpty)
    }

    @Test func oneSeedHasNoStandardDeviation() {
        #expect(Statistic(of: [2]).standardDeviation == nil)
        #expect(Statistic(of: [2]).mean == 2)
    }

    @Test func crossingIsInterpolated() throws {
        // The baseline ends at 0.5 after 4 epochs. With teleports 0.5 lies between 0.8 (epoch 1) and 0.4 (epoch 2): at
        // epoch 1.75, which at 12 seconds an epoch is 21 s, where the baseline needs 40 s.
        let comparison = Comparison(
            baseline: arm(run([1, 0.8, 0.6, 0.5])),
            teleport: arm(run([0.8, 0.4, 0.3, 0.2], secondsPerEpoch: 12)))
        let reach = try #require(comparison.trainLoss)
        #expect(reach.loss == 0.5)
        #expect(isClose(reach.teleportEpochs, 1.75))
        #expect(reach.baselineEpochs == 4)
        #expect(isClose(reach.teleportSeconds, 21))
        #expect(reach.baselineSeconds == 40)
        #expect(isClose(reach.epochSpeedUp, 4 / 1.75))
        #expect(isClose(reach.timeSpeedUp, 40.0 / 21))
        #expect(!reach.isUpperBound)
    }

    @Test func crossingIsThatOfTheMeanCurve() throws {
        // Mean baseline ends at 0.5; mean of the teleport arm: 1.0, 0.6, 0.2. It crosses at 2.25.
        let comparison = Comparison(
            baseline: arm(run([1, 0.8, 0.4]), run([1, 0.8, 0.6])),
            teleport: arm(run([0.8, 0.4, 0.1]), run([1.2, 0.8, 0.3])))
        #expect(isClose(try #require(comparison.trainLoss).teleportEpochs, 2.25))
    }

    @Test func aLossThereAtTheFirstRecordIsABound() throws {
        let comparison = Comparison(baseline: arm(run([1, 0.5])), teleport: arm(run([0.4, 0.3])))
        let reach = try #require(comparison.trainLoss)
        #expect(reach.teleportEpochs == 1)
        #expect(reach.isUpperBound)
    }

    @Test func anOverfittingBaselineCountsFromItsOwnFirstTime() throws {
        // Its test loss ends at 0.6, where it first was halfway from 0.8 (epoch 1) to 0.4 (epoch 2).
        let comparison = Comparison(
            baseline: arm(run([1, 0.8, 0.6, 0.5], test: [0.8, 0.4, 0.5, 0.6])),
            teleport: arm(run([1, 0.8, 0.6, 0.5], test: [0.8, 0.4, 0.5, 0.6])))
        let reach = try #require(comparison.testLoss)
        #expect(isClose(reach.baselineEpochs, 1.5))
        #expect(isClose(reach.epochSpeedUp, 1))
    }

    @Test func worseTeleportNeverReaches() {
        let comparison = Comparison(baseline: arm(run([1, 0.5])), teleport: arm(run([1, 0.6])))
        #expect(comparison.trainLoss == nil)
        #expect(comparison.testLoss == nil)
    }

    @Test func divergedArms() {
        let baseline = arm(run([1, 0.5]), run([1, .nan]))
        let comparison = Comparison(baseline: baseline, teleport: arm(run([0.9, 0.4]), run([0.9, 0.4])))
        #expect(comparison.baseline.divergedSeeds == [1])
        #expect(!comparison.baseline.finalTrainLoss.mean.isFinite)
        #expect(comparison.baseline.bestTrainLoss.mean == 0.75)
        #expect(comparison.trainLoss == nil)
        #expect(Run().hasDiverged)
        let other = Comparison(baseline: arm(run([1, 0.5])), teleport: arm(run([0.6, .infinity])))
        #expect(other.teleport.divergedSeeds == [0])
        #expect(other.trainLoss == nil)
    }

    @Test func aPointAfterANonFiniteOneCountsItself() {
        let curve = MeanCurve(of: \.trainLoss, overEpochsOf: [run([.infinity, 0.3])])
        let reach = curve.firstReach(of: 0.5)
        #expect(reach?.x == 2)
        #expect(reach?.isFirstPoint == false)
    }

    @Test func driftAndRestoredTeleports() {
        let records = [
            teleport(lossBefore: 2, lossAfter: 2.5), teleport(lossBefore: 4, lossAfter: 3.5),
            teleport(lossBefore: 1, lossAfter: 9, restored: true, reason: "drifted"),
        ]
        let comparison = Comparison(baseline: arm(run([1])), teleport: arm(run([1], teleports: records)))
        #expect(comparison.teleports == 3)
        #expect(comparison.restoredTeleports == 1)
        #expect(comparison.maximumRelativeDrift == 0.25)
        #expect(Comparison(baseline: arm(run([1])), teleport: arm(run([1]))).maximumRelativeDrift == nil)
        #expect(teleport(lossBefore: 0, lossAfter: 0).relativeDrift == 0)
    }

    @Test func curvesOverTimeAreInterpolatedOntoCommonTimes() {
        // One run is at 4 after 10 s and 2 after 20 s, the other at 6 after 15 s and 0 after 30 s: they share 15 to 20 s.
        let curve = MeanCurve(
            of: \.trainLoss, overSecondsOf: [run([4, 2]), run([6, 0], secondsPerEpoch: 15)])
        #expect(curve.x == [15, 20])
        #expect(isClose(curve.y[0].mean, (3 + 6) / 2))
        #expect(isClose(curve.y[1].mean, (2 + 4) / 2))
        // One epoch each: one point, at the mean time.
        let point = MeanCurve(of: \.trainLoss, overSecondsOf: [run([4]), run([6], secondsPerEpoch: 20)])
        #expect(point.x == [15])
        #expect(point.y[0].mean == 5)
        #expect(MeanCurve(of: \.trainLoss, overSecondsOf: [Run()]).x.isEmpty)
    }
}
