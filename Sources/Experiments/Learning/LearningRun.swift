import Foundation
import Teleportation
import Torch

/// The training of one meta-optimizer, trajectory by trajectory, which can stop anywhere and go on from its file.
package struct LearningRun {
    /// All that decides what becomes of it.
    package let course: LearningCourse
    /// The trajectories that there are to be.
    package let trajectories: Int
    /// How far it is.
    package private(set) var progress: MetaOptimizerCheckpoint.Progress
    /// The loss after the last trajectory; nil before the first since the run began.
    package private(set) var lastLoss: Double?
    private let training: UnrolledTraining
    private let dtype: DType
    private let file: URL?
    private var clock: Stopwatch

    /// A run that begins anew, or goes on from a file.
    ///
    /// - Parameters:
    ///   - course: What is trained, how, and on what.
    ///   - trajectories: The trajectories to train on; those of the file are counted.
    ///   - dtype: The element type of the meta-optimizer.
    ///   - file: Where what was learned is kept; nil keeps nothing.
    ///   - resumes: Whether to go on from the file, if it is there.
    /// - Throws: `LearnedFileError` if the file cannot be read, or is that of another course.
    package init(
        _ course: LearningCourse, trajectories: Int, dtype: DType = .float32, file: URL? = nil, resumes: Bool = false
    ) throws(LearnedFileError) {
        self.course = course
        self.trajectories = trajectories
        self.dtype = dtype
        self.file = file
        guard resumes, let file, FileManager.default.fileExists(atPath: file.path) else {
            training = UnrolledTraining(course.makeMetaOptimizer(dtype: dtype), course.training)
            progress = .init()
            clock = Stopwatch()
            return
        }
        let checkpoint = try MetaOptimizerCheckpoint(contentsOf: file)
        if let setting = LearningCourse.settings.first(where: { $0.text(of: course) != $0.text(of: checkpoint.course) })
        {
            throw LearnedFileError(
                file.relativePath,
                "was learned with \(setting.name) \(setting.text(of: checkpoint.course)) and not \(setting.text(of: course)); give the "
                    + "same, or another folder")
        }
        let type = checkpoint.metaOptimizer.parameters[0].value.dtype
        guard type == dtype else {
            throw LearnedFileError(
                file.relativePath, "was learned in \(type) and not in \(dtype); give the same, or another folder")
        }
        do { training = try checkpoint.training() } catch {
            throw LearnedFileError(file.relativePath, "\(error)")
        }
        progress = checkpoint.progress
        clock = Stopwatch(seconds: progress.seconds)
    }

    /// What is trained.
    package var metaOptimizer: MetaOptimizer { training.metaOptimizer }

    /// Whether all trajectories are done.
    package var isDone: Bool { progress.trajectories >= trajectories }

    /// Trains on the next trajectory.
    ///
    /// - Throws: `TorchError` if there is no pseudo-inverse that it needs.
    package mutating func next() throws(TorchError) {
        clock.start()
        let end = try training.train(
            on: try course.trainingProblem(progress.trajectories, dtype: dtype), steps: course.steps)
        clock.stop()
        progress.trajectories += 1
        if !end.isFinite { progress.diverged += 1 }
        progress.seconds = clock.seconds
        lastLoss = end.loss
    }

    /// Writes what was learned so far, whole or not at all.
    ///
    /// - Throws: `LearnedFileError` if the file cannot be written.
    package func save() throws(LearnedFileError) {
        if let file { try MetaOptimizerCheckpoint(training, course, progress).write(to: file) }
    }
}
