import Reporting
import Teleportation

extension Training {
    /// A run that a progress line shows; nil if it was stopped before its first epoch ended, and there is nothing to report.
    ///
    /// - Parameters:
    ///   - seed: As for `run(seed:plan:isCancelled:observe:)`.
    ///   - plan: Likewise.
    ///   - arm: What the line calls the run.
    ///   - number: How many runs of the job came before.
    ///   - progress: The line; nil shows nothing.
    ///   - isCancelled: Asked again and again; once true, the run ends.
    package func run(
        seed: Int, plan: TeleportPlan?, arm: String, number: Int, on progress: ProgressLine?, isCancelled: () -> Bool
    ) throws -> Run? {
        let run = try run(seed: seed, plan: plan, isCancelled: isCancelled) { event, run in
            progress?.show(event, of: run, arm: arm, number: number)
        }
        return run.epochs.isEmpty ? nil : run
    }

    /// A job of so many runs of this training, for `ProgressLine`.
    package func job(runs: Int) -> ProgressLine.Job {
        ProgressLine.Job(runs: runs, epochs: configuration.epochs, batches: batchesPerEpoch)
    }
}

extension ProgressLine {
    /// Shows where a run is after a step.
    ///
    /// - Parameters:
    ///   - event: What the step did.
    ///   - run: The run.
    ///   - arm: What to call it.
    ///   - number: How many runs of the job came before.
    package func show(_ event: TrainingRun.Event, of run: TrainingRun, arm: String, number: Int) {
        func position(_ name: String, epoch: Int, batch: Int) -> Position {
            Position(run: number, arm: name, seed: run.seed, epoch: epoch, batch: batch)
        }
        switch event {
        case .step, .teleports, .verdict:
            // Before the first step of an epoch there is no loss to show.
            guard run.batchesDone > 0 else { return }
            update(position(arm, epoch: run.currentEpoch, batch: run.batchesDone), loss: run.meanLoss)
        case .retraced(let done, let count):
            update(
                position("\(arm), trial \(done)/\(count)", epoch: run.currentEpoch, batch: run.batchesDone),
                loss: run.meanLoss)
        case .epoch(let record):
            let batches = run.training.batchesPerEpoch
            finishEpoch(
                position(arm, epoch: record.epoch, batch: batches), loss: record.trainLoss, text: "\(record)")
        }
    }
}
