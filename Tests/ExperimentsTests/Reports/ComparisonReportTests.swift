import Foundation
import Testing

@testable import Experiments

@Suite struct ComparisonReportTests {
    private static let moved = teleport()

    /// The report of two arms, the second of them with a teleport in each run that is not given others.
    private func text(_ baseline: ArmRecord, _ teleport: ArmRecord) -> String {
        var teleport = teleport
        for index in teleport.runs.indices where teleport.runs[index].teleports.isEmpty {
            teleport.runs[index].teleports = [Self.moved]
        }
        return ComparisonReport(summary(baseline, teleport)).description
    }

    @Test func faster() {
        let report = text(
            arm(run([1, 0.8, 0.6, 0.5], accuracy: 0.9786)),
            arm(run([0.8, 0.4, 0.3, 0.2], accuracy: 0.9901, secondsPerEpoch: 12, teleportShare: 0.021)))
        #expect(
            report.hasPrefix(
                """
                          train loss  best train loss  test loss  best test loss  accuracy  seconds  teleport share
                ────────  ──────────  ───────────────  ─────────  ──────────────  ────────  ───────  ──────────────
                baseline      0.5000           0.5000     0.5000          0.5000   97.86 %    40.00           0.0 %
                teleport      0.2000           0.2000     0.2000          0.2000   99.01 %    48.00           2.1 %

                Teleport reaches the baseline's final training loss (0.5000) in 1.8 of 4 epochs: 2.3x fewer epochs, \
                1.9x less time.
                  Teleport ends at 0.2000, 60 % lower.
                """))
        #expect(report.contains("final test loss (0.5000)"))
        #expect(report.hasSuffix("One seed only: a small difference may be chance."))
    }

    @Test func neverReached() {
        #expect(
            text(arm(run([1, 0.5])), arm(run([1, 0.6]))).contains(
                "Teleport does not reach the baseline's final training loss (0.5000) in 2 epochs: "
                    + "it ends at 0.6000, 20 % higher."))
    }

    @Test func fewerEpochsButMoreTime() {
        let report = text(arm(run([1, 0.5, 0.5])), arm(run([0.75, 0.25, 0.125], secondsPerEpoch: 20)))
        // At 0.5 after 1.5 of its epochs, 30 seconds, where the baseline needs 2 epochs and 20 seconds.
        #expect(report.contains("in 1.5 of 3 epochs: 1.3x fewer epochs, 1.5x more time."))
        #expect(report.contains("The baseline itself was first there after 2.0 epochs"))
    }

    @Test func earlierButWorseInTheEnd() {
        let report = text(arm(run([1, 0.8, 0.5])), arm(run([0.8, 0.4, 0.7])))
        #expect(report.contains("in 1.8 of 3 epochs: 1.7x fewer epochs, 1.7x less time."))
        #expect(report.contains("Teleport ends at 0.7000, 40 % higher."))
    }

    @Test func equalArms() {
        let report = text(arm(run([1, 0.5])), arm(run([1, 0.5])))
        #expect(report.contains("in 2.0 of 2 epochs: as many epochs, the same time."))
        #expect(report.contains("Teleport ends at the same loss."))
    }

    @Test("Where no teleport moved, what differs between the times of the arms is no merit")
    func claimsNothingWithoutTeleports() {
        let baseline = arm(run([1, 0.5]))
        let without = ComparisonReport(summary(baseline, arm(run([1, 0.5], secondsPerEpoch: 4)))).description
        let undone = text(
            baseline, arm(run([1, 0.5], secondsPerEpoch: 4, teleports: [teleport(restored: true, reason: "a reason")])))
        #expect(without.contains("There were no teleports."))
        #expect(undone.contains("1 teleport, none moved, 1 undone.") && undone.contains("1 undone: a reason."))
        for report in [without, undone] {
            #expect(report.contains("Both arms are the same training"))
            #expect(!report.contains("less time") && !report.contains("reach"))
        }
    }

    @Test func speedUpsFromTheFirstRecordAreBounds() {
        #expect(
            text(arm(run([1, 0.8, 0.5])), arm(run([0.4, 0.3, 0.2])))
                .contains("by epoch 1.0 of 3: at least 3.0x fewer epochs, at least 3.0x less time."))
    }

    @Test func differencesWithinTheSpreadAreCalledThat() {
        let baseline = arm(run([1, 0.4]), run([1, 0.6]))
        #expect(
            text(baseline, arm(run([1, 0.38]), run([1, 0.58])))
                .contains("4.0 % lower, which is within the standard deviation over seeds."))
        let clear = text(baseline, arm(run([1, 0.1]), run([1, 0.1])))
        #expect(!clear.contains("within the standard deviation"))
        #expect(clear.hasSuffix("± is the standard deviation over 2 seeds."))
    }

    @Test func divergence() {
        let report = text(arm(run([1, 0.5]), run([1, 0.5])), arm(run([1, 0.4]), run([1, .nan])))
        #expect(report.contains("Teleport diverged with seed 1 (1 of 2)."))
        #expect(report.contains("diverged  "))
        let baseline = text(arm(run([.nan]), run([.infinity])), arm(run([1]), run([1])))
        #expect(baseline.contains("The baseline diverged with seeds 0, 1 (2 of 2)."))
        #expect(!baseline.contains("reach"))
    }

    @Test func regressionWithoutTestDataHasNoAccuracyAndNoTestSentence() throws {
        let arm = arm(run([1, 0.5], test: [.nan, .nan]))
        let report = ComparisonReport(summary(arm, arm))
        #expect(
            report.table.columns.map(\.title).dropFirst()
                == ["train loss", "best train loss", "test loss", "best test loss", "seconds", "teleport share"])
        #expect(report.table.rows[0][3] == "-")
        #expect(!report.sentences.contains { $0.contains("final test loss") })
    }

    @Test func languageModelsHaveAPerplexity() throws {
        let arm = arm(run([6, 5], accuracy: 0.2, perplexity: 150), run([6, 5], accuracy: 0.2, perplexity: 160))
        let report = ComparisonReport(summary(arm, arm))
        let column = try #require(report.table.columns.firstIndex { $0.title == "perplexity" })
        #expect(report.table.rows[1][column] == "155.0 ± 7.1")
        let record = try #require(arm.runs[0].epochs.last)
        let json = String(decoding: try JSONEncoder().encode(record), as: UTF8.self)
        #expect(json.contains("\"testPerplexity\":150"))
    }

    @Test func driftAndRestoredTeleports() {
        let records = [
            teleport(lossBefore: 2, lossAfter: 2.0001), teleport(lossBefore: 1, lossAfter: 9, restored: true),
        ]
        #expect(
            text(arm(run([1])), arm(run([1], teleports: records)))
                .contains("2 teleports, 1 moved, 1 undone; the loss changed by at most 5.0e-05 of its value."))
    }

    @Test func teleportsWithoutRoom() {
        var record = teleport()
        record.report.steps = 0
        record.report.ending = .noRoom
        var capped = record
        capped.report.ending = .cap
        let report = text(arm(run([1])), arm(run([1], teleports: [record, record, capped])))
        #expect(report.contains("3 teleports, none moved, none was undone."))
        #expect(report.contains("2 of them took no step: nothing is free to move"))
        #expect(report.contains("1 of them took no step: the cap was reached"))
    }

    @Test func interruptedRunsAreComparedWhereTheyOverlap() {
        let report = text(arm(run([1, 0.8, 0.2])), arm(run([0.9, 0.7])))
        #expect(report.contains("the first 2 epochs of seeds 0 are compared"))
        #expect(report.contains("final training loss (0.8000)"))
        #expect(text(arm(run([1])), ArmRecord(seeds: [], runs: [])).contains("There is nothing to compare"))
    }
}
