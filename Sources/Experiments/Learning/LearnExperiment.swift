import Foundation
import Reporting
import Teleportation
import Torch

/// Learning to teleport: meta-optimizers are trained, and tried beside gradient descent on problems that none of them has
/// seen; PS24 section 5.2.
package struct LearnExperiment {
    /// A meta-optimizer to train.
    package struct Arm: Hashable, Sendable {
        /// What is trained, how, and on what.
        package var course: LearningCourse
        /// The trajectories to train on.
        package var trajectories: Int

        /// An arm.
        package init(_ course: LearningCourse, trajectories: Int) {
            self.course = course
            self.trajectories = trajectories
        }

        /// The name of the file of what was learned.
        package var fileName: String {
            "lstm-\(course.metaOptimizer.quantity.rawValue.replacing("+", with: "-")).safetensors"
        }

        /// The trajectories of the paper.
        package static func paperTrajectories(_ quantity: LearnedQuantity) -> Int {
            switch quantity {
            case .update: 600
            case .rateAndTeleport: 30
            case .updateAndTeleport: 700
            }
        }
    }

    /// The meta-optimizers.
    package var arms: [Arm]
    /// The problems to try them on.
    package var unseenProblems: Int
    /// The steps that are taken there.
    package var unseenSteps: Int
    /// The trajectories from one writing of the files to the next.
    package var saveEvery: Int
    /// The element type.
    package var dtype: DType
    /// Where what was learned is kept; nil keeps nothing.
    package var folder: URL?
    /// Whether to go on from the files in the folder.
    package var resumes: Bool

    /// An experiment; all arms have problems of the same sizes.
    package init(
        _ arms: [Arm], unseenProblems: Int = 20, unseenSteps: Int = 100, saveEvery: Int = 10, dtype: DType = .float32,
        folder: URL? = nil, resumes: Bool = false
    ) {
        precondition(!arms.isEmpty && unseenProblems >= 1 && unseenSteps >= 1 && saveEvery >= 1)
        self.arms = arms
        self.unseenProblems = unseenProblems
        self.unseenSteps = unseenSteps
        self.saveEvery = saveEvery
        self.dtype = dtype
        self.folder = folder
        self.resumes = resumes
    }

    /// The files that the arms are kept in.
    package var files: [URL] { folder.map { folder in arms.map { folder.appendingPathComponent($0.fileName) } } ?? [] }

    /// The job for the progress line of a run: an epoch lasts from one writing of a file to the next.
    package var job: ProgressLine.Job {
        ProgressLine.Job(runs: 1, epochs: arms.map(epochs).reduce(0, +), batches: saveEvery)
    }

    private func epochs(_ arm: Arm) -> Int { (arm.trajectories + saveEvery - 1) / saveEvery }

    /// Checks that the problems can be teleported: the exact action holds the loss of no more samples than each pair of
    /// layers has inputs.
    ///
    /// - Throws: `LearningRefusal`.
    package func check() throws(LearningRefusal) {
        for arm in arms where arm.course.metaOptimizer.quantity.hasTeleport {
            let inputs = arm.course.metaOptimizer.sizes.dropLast(2).min() ?? 0
            guard arm.course.samples <= inputs else { throw .tooManySamples(arm.course.samples, inputs: inputs) }
        }
        for arm in arms where arm.course.steps < arm.course.training.unroll {
            throw .tooFewSteps(arm.course.steps, unroll: arm.course.training.unroll)
        }
    }

    /// Trains all arms, and tries them.
    ///
    /// - Parameters:
    ///   - number: How many runs of the job came before.
    ///   - progress: Shows how far the training is.
    ///   - isCancelled: Asked before each trajectory; once true, what was learned so far is kept and tried.
    /// - Throws: `LearnedFileError` if a file cannot be read or written, and `TorchError` if there is no pseudo-inverse
    ///   that is needed.
    package func run(
        number: Int = 0, progress: ProgressLine? = nil, isCancelled: () -> Bool = { false }
    ) throws -> LearningResult {
        // What does not fit is refused before hours of training.
        var runs: [LearningRun] = []
        for arm in arms {
            runs.append(
                try LearningRun(
                    arm.course, trajectories: arm.trajectories, dtype: dtype,
                    file: folder?.appendingPathComponent(arm.fileName), resumes: resumes))
        }
        return try Libtorch.withOneThread {
            var position = ProgressLine.Position(run: number, arm: "", seed: 0, epoch: 0, batch: 0)
            for index in runs.indices {
                try train(&runs[index], after: position, progress, isCancelled)
                position.epoch += epochs(arms[index])
            }
            return try tried(runs)
        }
    }

    private func train(
        _ run: inout LearningRun, after before: ProgressLine.Position, _ progress: ProgressLine?,
        _ isCancelled: () -> Bool
    ) throws {
        while !run.isDone, !isCancelled() {
            try run.next()
            let done = run.progress.trajectories
            let position = ProgressLine.Position(
                run: before.run, arm: run.course.metaOptimizer.quantity.rawValue, seed: run.course.seed,
                epoch: before.epoch + (done + saveEvery - 1) / saveEvery, batch: (done - 1) % saveEvery + 1)
            let loss = run.lastLoss ?? .nan
            progress?.update(position, loss: loss)
            guard done % saveEvery == 0 || run.isDone else { continue }
            try run.save()
            progress?.finishEpoch(
                position, loss: loss, text: "\(done) of \(run.trajectories) trajectories, loss \(loss.significant())")
        }
        try run.save()
    }

    private func tried(_ runs: [LearningRun]) throws -> LearningResult {
        let course = arms[0].course
        let unseen = try course.unseenProblems(0..<unseenProblems, dtype: dtype)
        let alone = try course.unseenProblems(0..<1, dtype: dtype)
        let descent = PlainDescent(on: unseen, steps: unseenSteps)
        var trials: [LearningResult.Trial] = []
        if let rate = descent.largestStableRate() {
            trials.append(
                .init(
                    .gradientDescent(learningRate: rate), losses: descent.losses(learningRate: rate),
                    secondsOfStep: secondsOfStep {
                        _ = PlainDescent(on: alone, steps: unseenSteps).losses(learningRate: rate)
                    }))
        }
        for run in runs {
            trials.append(
                .init(
                    .learned(run.course.metaOptimizer.quantity, run.progress),
                    losses: try run.metaOptimizer.trajectory(on: unseen, steps: unseenSteps),
                    secondsOfStep: try secondsOfStep {
                        _ = try run.metaOptimizer.trajectory(on: alone, steps: unseenSteps)
                    }))
        }
        return LearningResult(experiment: self, trials: trials)
    }

    /// The time of a step in a training by itself: the shortest of three, as the first finds nothing ready.
    private func secondsOfStep(_ train: () throws -> Void) rethrows -> Double {
        var shortest = Double.infinity
        for _ in 0..<3 {
            var clock = Stopwatch()
            clock.start()
            try train()
            clock.stop()
            shortest = min(shortest, clock.seconds)
        }
        return shortest / Double(unseenSteps)
    }
}

/// Why a meta-optimizer cannot be trained as asked.
package enum LearningRefusal: Error, Hashable, CustomStringConvertible {
    /// The exact action would not hold the loss.
    case tooManySamples(Int, inputs: Int)
    /// The generators of its problems would be those of others.
    case seed(Int)
    /// There would be no update of what is learned.
    case tooFewSteps(Int, unroll: Int)

    /// What cannot be, and what to give instead.
    package var description: String {
        switch self {
        case .tooManySamples(let samples, let inputs):
            "--samples \(samples): a teleport holds the loss of no more samples than each pair of layers has inputs; give "
                + "--samples \(inputs) or fewer, or larger --sizes"
        case .seed(let seed): "--seeds \(seed): what is learned takes seeds from 0 to \(LearningCourse.largestSeed)"
        case .tooFewSteps(let steps, let unroll):
            "--trajectory-steps \(steps): what is learned is updated after each \(unroll) steps; give more, or a smaller --unroll"
        }
    }
}
