import Foundation
import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// A meta-optimizer with all that its training goes on from, as a safetensors file holds it.
///
/// The tensors are the weights under `MetaOptimizer.parameters`' names, and Adam's moments under `adam.exp_avg.` and
/// `adam.exp_avg_sq.` with these names behind; all else is in the metadata.
package struct MetaOptimizerCheckpoint {
    /// What was trained.
    package let metaOptimizer: MetaOptimizer
    /// By what, and on what.
    package let course: LearningCourse
    /// How far.
    package let progress: Progress
    /// What Adam remembers of `metaOptimizer.parameters`.
    package let optimizerState: OptimizerState

    /// How far a training is.
    package struct Progress: Hashable, Sendable {
        /// The trajectories that were trained on.
        package var trajectories = 0
        /// Those among them that ended in a loss that was not finite.
        package var diverged = 0
        /// The time that it took, in seconds.
        package var seconds = 0.0

        /// None.
        package init() {}
    }

    /// What a training is at.
    package init(_ training: UnrolledTraining, _ course: LearningCourse, _ progress: Progress) {
        metaOptimizer = training.metaOptimizer
        self.course = course
        self.progress = progress
        optimizerState = training.optimizerState
    }

    /// The training that goes on from here.
    ///
    /// - Throws: `OptimizerStateError` if what Adam remembers does not fit.
    package func training() throws(OptimizerStateError) -> UnrolledTraining {
        let training = UnrolledTraining(metaOptimizer, course.training)
        try training.restore(optimizerState)
        return training
    }
}

// MARK: The file

extension MetaOptimizerCheckpoint {
    /// What the metadata say of the file.
    private static let format = (key: "format", value: "swift-teleportation meta-optimizer 1")
    private static let moments = ["exp_avg", "exp_avg_sq"]
    private static func name(_ moment: String, of parameter: String) -> String { "adam.\(moment).\(parameter)" }
    private static let again = "learn it anew with 'teleport learn'"

    /// Writes the file under a temporary name beside it, and renames it: whoever reads it, whenever, finds a whole one.
    ///
    /// - Throws: `LearnedFileError` if it cannot be written.
    package func write(to file: URL) throws(LearnedFileError) {
        var tensors: [String: Tensor] = [:]
        for (parameter, entry) in zip(metaOptimizer.parameters, optimizerState.entries) {
            tensors[parameter.name] = parameter.value
            for (moment, tensor) in entry.tensors { tensors[Self.name(moment, of: parameter.name)] = tensor }
        }
        var metadata = LearningCourse.settings.reduce(into: [:]) { $0[$1.name] = $1.text(of: course) }
        metadata[Self.format.key] = Self.format.value
        metadata["trajectories"] = "\(progress.trajectories)"
        metadata["diverged"] = "\(progress.diverged)"
        metadata["seconds"] = "\(progress.seconds)"
        metadata["adam-steps"] = optimizerState.entries.map { "\($0.stepCount)" }.joined(separator: ",")
        do throws(SafetensorsError) { try Safetensors(tensors: tensors, metadata: metadata).write(to: file) } catch {
            throw LearnedFileError(file.relativePath, "\(error.defect)")
        }
    }

    /// Reads a file that `write(to:)` has written.
    ///
    /// - Throws: `LearnedFileError` if it cannot be read, or holds something else.
    package init(contentsOf file: URL) throws(LearnedFileError) {
        let path = file.relativePath
        let contents: Safetensors
        do throws(SafetensorsError) { contents = try Safetensors(contentsOf: file) } catch {
            throw LearnedFileError(path, "\(error.defect)")
        }
        guard contents.metadata[Self.format.key] == Self.format.value else {
            throw LearnedFileError(path, "holds no meta-optimizer; name a file that 'teleport learn' has written")
        }
        func text(_ name: String) throws(LearnedFileError) -> String {
            guard let text = contents.metadata[name] else {
                throw LearnedFileError(path, "does not say what '\(name)' was; \(Self.again)")
            }
            return text
        }
        func number<Number>(_ name: String, _ read: (String) -> Number?) throws(LearnedFileError) -> Number {
            let text = try text(name)
            guard let number = read(text) else {
                throw LearnedFileError(path, "'\(name)' is '\(text)', which is none; \(Self.again)")
            }
            return number
        }
        func count(_ text: String) -> Int? {
            Int(text).flatMap { (0...NumberRange.largestInteger).contains($0) ? $0 : nil }
        }
        var course = LearningCourse()
        for setting in LearningCourse.settings {
            let text = try text(setting.name)
            do throws(TextError) { try setting.set(&course, to: text) } catch {
                throw LearnedFileError(path, "'\(setting.name)' is '\(text)': \(error.remedy), or \(Self.again)")
            }
        }
        var progress = Progress()
        progress.trajectories = try number("trajectories", count)
        progress.diverged = try number("diverged", count)
        progress.seconds = try number("seconds") { Double($0).flatMap { $0.isFinite ? $0 : nil } }
        let counts = try number("adam-steps") { text in
            let counts = text.split(separator: ",").map { count(String($0)) }
            return counts.contains(nil) ? nil : counts.compactMap(\.self)
        }
        var rest = contents.tensors
        func tensor(_ name: String, _ shape: [Int]) throws(LearnedFileError) -> Tensor {
            guard let tensor = rest.removeValue(forKey: name) else {
                throw LearnedFileError(path, "lacks '\(name)'; \(Self.again)")
            }
            guard tensor.shape == shape, tensor.dtype == .float32 || tensor.dtype == .float64 else {
                throw LearnedFileError(
                    path,
                    "'\(name)' is \(tensor.shape) of \(tensor.dtype), where \(shape) of float32 or float64 belongs; \(Self.again)"
                )
            }
            guard tensor.isAllFinite() else {
                throw LearnedFileError(path, "'\(name)' has numbers that are not finite; \(Self.again)")
            }
            return tensor
        }
        metaOptimizer = try MetaOptimizer(course.metaOptimizer, tensor)
        let parameters = metaOptimizer.parameters
        guard counts.count == parameters.count else {
            throw LearnedFileError(
                path,
                "counts Adam's steps of \(counts.count) weights, of which there are \(parameters.count); \(Self.again)")
        }
        var entries: [OptimizerState.Entry] = []
        for (parameter, count) in zip(parameters, counts) {
            var tensors: [String: Tensor] = [:]
            for moment in Self.moments where count > 0 {
                tensors[moment] = try tensor(Self.name(moment, of: parameter.name), parameter.value.shape)
            }
            entries.append(.init(stepCount: count, tensors: tensors))
        }
        if let name = rest.keys.min() {
            throw LearnedFileError(path, "has '\(name)', which belongs to no such meta-optimizer; \(Self.again)")
        }
        self.course = course
        self.progress = progress
        optimizerState = OptimizerState(entries)
    }
}
