import Foundation
import Reporting
import Teleportation
import TextForms
import Torch

/// What meta-optimizers did on problems that they had not seen, beside gradient descent.
package struct LearningResult: Report {
    /// What was done.
    package let experiment: LearnExperiment
    /// Gradient descent, unless it diverges with all learning rates, and the meta-optimizers.
    package let trials: [Trial]

    /// The trainings by one optimizer.
    package struct Trial {
        /// An optimizer.
        package enum Optimizer: Hashable, Sendable {
            /// Gradient descent with the largest learning rate with which none of the trainings diverges.
            case gradientDescent(learningRate: Double)
            /// A meta-optimizer.
            case learned(LearnedQuantity, MetaOptimizerCheckpoint.Progress)
        }

        /// What trained.
        package let optimizer: Optimizer
        /// The losses of each training, before each step and after the last: `[moment][problem]`.
        package let losses: [[Double]]
        /// The time of a step in a training by itself.
        package let secondsOfStep: Double

        init(_ optimizer: Optimizer, losses: [[Double]], secondsOfStep: Double) {
            self.optimizer = optimizer
            self.losses = losses
            self.secondsOfStep = secondsOfStep
        }

        /// What the paper's figure calls it.
        package var name: String {
            switch optimizer {
            case .gradientDescent: "GD"
            case .learned(let quantity, _): quantity.paperName
            }
        }

        /// What it is called in a file.
        package var key: String {
            switch optimizer {
            case .gradientDescent: "gradient-descent"
            case .learned(let quantity, _): quantity.rawValue
            }
        }

        /// The mean loss after so many steps, or the last, and its spread.
        package func loss(after steps: Int) -> Statistic { Statistic(of: losses[min(steps, losses.count - 1)]) }
    }

    /// The trials of this experiment and another one as those of one, which differ in their seeds: as many trainings more
    /// of each optimizer. Gradient descent, which does not learn, is the same in both.
    package func joined(with other: LearningResult) -> LearningResult {
        LearningResult(
            experiment: experiment,
            trials: trials.map { trial in
                guard case .learned(let quantity, var progress) = trial.optimizer,
                    let more = other.trial(of: quantity), case .learned(_, let otherProgress) = more.optimizer
                else { return trial }
                progress.diverged += otherProgress.diverged
                progress.seconds += otherProgress.seconds
                progress.trajectories += otherProgress.trajectories
                return Trial(
                    .learned(quantity, progress), losses: zip(trial.losses, more.losses).map { $0 + $1 },
                    secondsOfStep: trial.secondsOfStep)
            })
    }

    /// The trial of a meta-optimizer.
    package func trial(of quantity: LearnedQuantity) -> Trial? {
        trials.first { if case .learned(quantity, _) = $0.optimizer { true } else { false } }
    }

    /// The trial of gradient descent.
    package var descent: Trial? {
        trials.first { if case .gradientDescent = $0.optimizer { true } else { false } }
    }

    /// What a file calls the meta-optimizers with which a loss stopped being finite.
    package var namesOfDiverged: [String] {
        trials.filter { !$0.loss(after: experiment.unseenSteps).mean.isFinite }.map(\.key)
    }

    /// The moments that tables show.
    private var moments: [Int] {
        [1, 10, 30, 100, experiment.unseenSteps].filter { $0 <= experiment.unseenSteps }.reduce(into: []) {
            if $0.last != $1 { $0.append($1) }
        }
    }

    /// Means over the problems.
    package var table: Table {
        Table(
            columns: [
                .init("optimizer", alignment: .left), .init("trained on", alignment: .left), .init("for"),
                .init("a step takes"),
            ] + moments.map { .init("loss after \($0.counted("step"))") },
            rows: trials.map { trial in
                let (training, duration) =
                    switch trial.optimizer {
                    case .gradientDescent(let rate): ("learning rate \(rate.significant(1))", "")
                    case .learned(_, let progress):
                        (
                            "\(progress.trajectories) trajectories"
                                + (progress.diverged > 0 ? ", \(progress.diverged) diverged" : ""),
                            progress.seconds.duration()
                        )
                    }
                return [trial.name, training, duration, "\((1e3 * trial.secondsOfStep).significant(3)) ms"]
                    + moments.map { trial.loss(after: $0).text() }
            })
    }

    /// The loss over the steps of PS24 Figure 6, over all, and over time.
    package var figure: Figure {
        func chart(_ steps: Int, overSeconds: Bool = false) -> LineChart {
            LineChart(
                title: "Loss of unseen problems (logarithmic scale)",
                horizontalLabel: overSeconds ? "seconds" : "step", isLogarithmic: true,
                series: trials.map { trial in
                    LineChart.Series(
                        name: trial.name,
                        x: (0...steps).map { Double($0) * (overSeconds ? trial.secondsOfStep : 1) },
                        y: (0...steps).map { trial.loss(after: $0) })
                })
        }
        let steps = experiment.unseenSteps
        return Figure(
            panels: (steps > 30 ? [chart(30)] : []) + [chart(steps), chart(steps, overSeconds: true)])
    }

    /// The table.
    package var parts: [ReportPart] { [.table(table)] }

    /// The figure, `learning`.
    package var figures: [NamedFigure] { [NamedFigure("learning", figure)] }

    /// The contents of `learning.json`.
    ///
    /// - Parameters:
    ///   - date: When the experiment began.
    ///   - processorWait: The share of the time that threads waited for a processor; nil where it is not known.
    package func json(date: Date, processorWait: Double?) -> JSONValue {
        [
            "configuration": .object(configuration),
            "environment": .environment(date: date, processorWait: processorWait), "results": .object(values),
        ]
    }

    /// All settings by name.
    package var configuration: [String: JSONValue] {
        let arms = experiment.arms.map { arm -> JSONValue in
            var settings = LearningCourse.settings.reduce(into: [String: JSONValue]()) {
                $0[$1.name] = .string($1.text(of: arm.course))
            }
            settings["trajectories"] = .integer(arm.trajectories)
            return .object(settings)
        }
        return [
            "arms": .array(arms), "test-trajectories": .integer(experiment.unseenProblems),
            "test-steps": .integer(experiment.unseenSteps), "dtype": .string(experiment.dtype.text), "threads": 1,
        ]
    }

    /// The numbers, by optimizer.
    package var values: [String: JSONValue] {
        Dictionary(
            trials.map { trial in
                var values: [String: JSONValue] = [
                    "losses": .array(
                        (0..<trial.losses[0].count).map { problem in .numbers(trial.losses.map { $0[problem] }) }),
                    "secondsOfStep": .number(trial.secondsOfStep),
                ]
                switch trial.optimizer {
                case .gradientDescent(let rate): values["learningRate"] = .number(rate)
                case .learned(_, let progress):
                    values["trajectories"] = .integer(progress.trajectories)
                    values["diverged"] = .integer(progress.diverged)
                    values["trainingSeconds"] = .number(progress.seconds)
                }
                return (trial.key, .object(values))
            }
        ) { first, _ in first }
    }
}
