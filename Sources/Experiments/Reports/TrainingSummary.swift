import Foundation
import Reporting
import TextForms

/// What a training came to: the contents of its `summary.json`.
package struct TrainingSummary: Record, Codable, Equatable, Sendable {
    /// The options of the run by name, every default written out, so that it can be run again.
    package var configuration: [String: JSONValue]
    /// How much the files of the data set hold, by ``DataQuantity``.
    package var data: [String: Int]
    /// Where and with what it ran; of a run that was gone on with, the last part.
    package var environment: Summary.Environment
    /// How it ended.
    package var ending: Ending
    /// What was measured.
    package var run: Run

    /// How a training ended.
    package enum Ending: String, Codable, Sendable {
        /// With its last epoch.
        case complete
        /// By a condition that it was to stop at.
        case stopped
        /// By the user.
        case interrupted
        /// With a loss that is no number, or infinite.
        case diverged
    }

    /// The summary of a run.
    package init(
        configuration: [String: JSONValue], data: [String: Int], environment: Summary.Environment, ending: Ending,
        run: Run
    ) {
        self.configuration = configuration
        self.data = data
        self.environment = environment
        self.ending = ending
        self.run = run
    }

    /// The training and test loss over epochs, with marks at teleports.
    package var figures: [NamedFigure] {
        let moments = Set(run.teleports.filter(\.hasMoved).map(\.epoch)).sorted().map(Double.init)
        let chart = LossCurves.chart(
            "Loss", horizontalLabel: "epoch", markers: moments,
            curves: [
                ("training", MeanCurve(of: \.trainLoss, overEpochsOf: [run])),
                ("test", MeanCurve(of: \.testLoss, overEpochsOf: [run])),
            ])
        return [.init("loss-over-epochs", Figure(panels: [chart]))]
    }
}

extension TrainingSummary: Report {
    /// A table of the epochs, and a sentence about the teleports.
    package var parts: [ReportPart] {
        var table = Table(
            columns: [
                .init("epoch"), .init("train loss"), .init("test loss"), .init("accuracy"), .init("‖g‖²"),
                .init("time (s)"), .init("in teleports (s)"),
            ])
        // Of a long run the first epochs and the last.
        let shown = run.epochs.count > 20 ? Array(run.epochs.prefix(5) + run.epochs.suffix(10)) : run.epochs
        table.rows = shown.map {
            [
                "\($0.epoch)", $0.trainLoss.significant(), $0.testLoss.significant(), $0.testAccuracy?.percent() ?? "-",
                $0.gradientNormSquared.significant(), $0.seconds.significant(3), $0.teleportSeconds.significant(3),
            ]
        }
        return (run.epochs.isEmpty ? [] : [.table(table)]) + [
            .sentences([teleports] + ComparisonReport.stays(run.teleports))
        ]
    }

    private var teleports: String {
        let moved = run.teleports.count(where: \.hasMoved)
        let undone = run.teleports.count(where: \.isRestored)
        guard !run.teleports.isEmpty else { return "No teleport took place." }
        return
            "Of \(run.teleports.count.counted("teleport")) \(moved) moved the model, and \(undone) \(undone == 1 ? "was" : "were") undone"
            + (run.teleportsEndedAtStep.map { "; none was made from step \($0) on, since trials were lost." } ?? ".")
    }
}
