import Foundation
import TestSupport
import Testing

@testable import Teleportation

/// Teleports by what was learned, and the files that it is kept in.
@Suite("Learned teleporter")
struct LearnedTeleporterTests {
    /// Half the squared error, summed, of which the meta-optimizer has learned to read the gradients.
    private struct HalfSquaredError: Loss {
        func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
            let difference = targets - outputs
            return (difference * difference).sum() * 0.5
        }
    }

    private static func course(
        _ quantity: LearnedQuantity = .updateAndTeleport, sizes: [Int] = [6, 5, 4],
        _ element: GroupElement = .exponential
    ) -> LearningCourse {
        var course = LearningCourse()
        course.metaOptimizer = .init(sizes: sizes, quantity, hidden: 7, element: element, norm: 0.05)
        course.training.unroll = 2
        course.samples = 4
        course.steps = 4
        return course
    }

    /// A meta-optimizer that has been trained on two trajectories.
    private static func trained(_ course: LearningCourse, dtype: DType = .float64) throws -> UnrolledTraining {
        let training = UnrolledTraining(course.makeMetaOptimizer(dtype: dtype), course.training)
        for number in 0..<2 {
            try training.train(on: try course.trainingProblem(number, dtype: dtype), steps: course.steps)
        }
        return training
    }

    /// Calls `body` with a file of a trained meta-optimizer.
    private static func withFile<Result>(
        _ course: LearningCourse, _ body: (URL, UnrolledTraining) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let training = try trained(course)
            let file = folder.appendingPathComponent("a+b,c=d.safetensors")
            var progress = MetaOptimizerCheckpoint.Progress()
            progress.trajectories = 2
            try MetaOptimizerCheckpoint(training, course, progress).write(to: file)
            return try body(file, training)
        }
    }

    private static func model(_ sizes: [Int], bias: Bool = false, activation: Activation = .leakyReLU(slope: 0.1))
        -> MLP
    {
        MLP(
            inputs: sizes[0], hidden: Array(sizes[1..<sizes.count - 1]), outputs: sizes[sizes.count - 1],
            activation: activation, bias: bias, using: Generator(seed: 5), dtype: .float64)
    }

    private static var optimizer: SGD { SGD(learningRate: 0.1) }

    @Test(
        "Moves are those of training, from batch to batch",
        arguments: [[6, 5, 4], [6, 5, 5, 4]], GroupElement.allCases)
    func movesAreThoseOfTraining(sizes: [Int], element: GroupElement) throws {
        try Self.withFile(Self.course(sizes: sizes, element)) { file, training in
            let model = Self.model(sizes)
            let generator = Generator(seed: 1)
            let batches = (0..<2).map { _ in
                Batch(
                    inputs: .uniform([4, 6], using: generator, dtype: .float64),
                    targets: .uniform([4, 4], using: generator, dtype: .float64))
            }
            let teleporter = try LearnedTeleporter(contentsOf: file, steps: 2)
            try teleporter.check(model, before: Self.optimizer)
            var weights = model.parameters.map { $0.value.clone().expanded(at: 0) }
            let reports = teleporter.teleport(model, HalfSquaredError(), on: batches, before: Self.optimizer)

            // What m2 remembers goes on from step to step and from batch to batch.
            var state = training.metaOptimizer.initialState(batch: 1)
            for (batch, report) in zip(batches, reports) {
                let problems = try RegressionProblems(
                    inputs: batch.inputs.expanded(at: 0), targets: batch.targets.expanded(at: 0),
                    initialWeights: weights,
                    activation: .leakyReLU(slope: 0.1))
                #expect(report.steps == 2 && report.restored == nil && report.hasMoved && report.objective == nil)
                #expect(abs(report.lossBefore - problems.losses(of: weights).item()) <= 1e-10 * report.lossBefore)
                for _ in 0..<2 {
                    let gradients = problems.differentiated(at: weights).gradients
                    let elements = training.metaOptimizer.elements(from: gradients, &state)
                    weights = try problems.teleported(weights, by: elements, as: element)
                }
                let gradients = problems.differentiated(at: weights).gradients
                let squaredNorm = gradients.map { $0.squaredNorm().item() }.reduce(0, +)
                #expect(abs(report.gradientNormSquaredAfter - squaredNorm) <= 1e-9 * squaredNorm)
                // Two hidden layers of five units have four samples to tell apart: the exponential element holds the loss.
                #expect(element == .firstOrder || report.relativeDrift < 1e-12)
                #expect(element == .exponential || report.relativeDrift > 1e-8)
            }
            for (parameter, weight) in zip(model.parameters, weights) {
                let difference = (parameter.value - weight.selected(0, 0)).norm().item()
                #expect(difference <= 1e-9 * parameter.value.norm().item(), "\(parameter.name)")
            }
        }
    }

    @Test("Biases move with the weights, and guards look at what is done")
    func biasesAndGuards() throws {
        try Self.withFile(Self.course(.rateAndTeleport)) { file, _ in
            let generator = Generator(seed: 1)
            let batch = Batch(
                inputs: .normal([4, 6], using: generator, dtype: .float64),
                targets: .integers([4], in: 0..<4, using: generator))
            let model = Self.model([6, 5, 4], bias: true)
            let before = model.parameters.map { $0.value.clone() }
            var teleporter = try LearnedTeleporter(contentsOf: file)
            let report = teleporter.teleport(model, CrossEntropy(), on: [batch], before: Self.optimizer)[0]
            #expect(report.hasMoved && report.relativeDrift < 1e-12)
            // All but the bias of the last layer.
            for (parameter, before) in zip(model.parameters, before).dropLast() {
                #expect((parameter.value - before).norm().item() > 0, "\(parameter.name)")
            }

            // More samples than the inputs tell apart: the loss drifts, and a teleport that may not is taken back.
            let many = Batch(
                inputs: .normal([40, 6], using: generator, dtype: .float64),
                targets: .integers([40], in: 0..<4, using: generator))
            teleporter.tolerance = 1e-9
            let now = model.parameters.map { $0.value.doubles() }
            let refused = teleporter.teleport(model, CrossEntropy(), on: [many], before: Self.optimizer)[0]
            guard case .drifted = refused.restored else {
                Issue.record("\(refused)")
                return
            }
            #expect(model.parameters.map { $0.value.doubles() } == now)
        }
    }

    @Test("Models that it was not learned for are refused with a sentence that names the file")
    func refusesOtherModels() throws {
        try Self.withFile(Self.course()) { file, _ in
            let teleporter = try LearnedTeleporter(contentsOf: file)
            let models: [(any Layer, String)] = [
                (Self.model([6, 5, 3]), "layers of 6,5,3"), (Self.model([6, 5, 5, 4]), "layers of 6,5,5,4"),
                (Self.model([6, 5, 4], activation: .relu), "LeakyReLU"),
                (Dense(6, 4, using: Generator(seed: 0)), "another method"),
            ]
            for (model, words) in models {
                let error = #expect(throws: LearnedFileError.self) {
                    try teleporter.check(model, before: Self.optimizer)
                }
                #expect(error?.path == file.relativePath && error?.description.contains(words) == true)
                #expect(error?.description.contains("6,5,4") == true)
            }
            var senseless = teleporter
            senseless.steps = 0
            #expect(throws: SettingRefusal.self) { try senseless.check(Self.model([6, 5, 4]), before: Self.optimizer) }
            senseless = teleporter
            senseless.tolerance = -1
            #expect(throws: SettingRefusal.self) { try senseless.check(Self.model([6, 5, 4]), before: Self.optimizer) }
        }
        try Self.withFile(Self.course(.update)) { file, _ in
            let error = #expect(throws: LearnedFileError.self) { _ = try LearnedTeleporter(contentsOf: file) }
            #expect(error?.description.contains("no teleports") == true)
        }
    }

    @Test("A file comes back to the bit, and training goes on from it", arguments: LearnedQuantity.allCases)
    func filesComeBack(_ quantity: LearnedQuantity) throws {
        let course = Self.course(quantity)
        try Self.withFile(course) { file, training in
            let checkpoint = try MetaOptimizerCheckpoint(contentsOf: file)
            #expect(checkpoint.course == course && checkpoint.progress.trajectories == 2)
            let resumed = try checkpoint.training()
            for training in [training, resumed] {
                try training.train(on: try course.trainingProblem(2, dtype: .float64), steps: course.steps)
            }
            for (left, right) in zip(training.metaOptimizer.parameters, resumed.metaOptimizer.parameters) {
                #expect(left.name == right.name && left.value.doubles() == right.value.doubles())
            }
        }
        // Before the first step Adam remembers nothing.
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let file = folder.appendingPathComponent("new.safetensors")
            let training = UnrolledTraining(course.makeMetaOptimizer(), course.training)
            try MetaOptimizerCheckpoint(training, course, .init()).write(to: file)
            #expect(try MetaOptimizerCheckpoint(contentsOf: file).optimizerState.isEmpty)
        }
    }

    @Test("Files that hold something else, or not all of it, are refused with a sentence that names them")
    func refusesOtherFiles() throws {
        try Self.withFile(Self.course()) { file, _ in
            let whole = try Safetensors(contentsOf: file)
            let bytes = try Data(contentsOf: file)
            let name = "pairs.0.heads.0.bias"
            func refused(
                _ words: String, _ sourceLocation: SourceLocation = #_sourceLocation,
                _ change: (inout Safetensors) -> Void
            ) throws {
                var changed = whole
                change(&changed)
                try changed.write(to: file)
                let error = #expect(throws: LearnedFileError.self, sourceLocation: sourceLocation) {
                    _ = try LearnedTeleporter(contentsOf: file)
                }
                let text = error?.description ?? ""
                #expect(
                    text.hasPrefix("\(file.path): ") && text.contains(words), "\(text)", sourceLocation: sourceLocation)
            }
            try refused("no meta-optimizer") { $0.metadata = [:] }
            try refused("'sizes'") { $0.metadata["sizes"] = nil }
            try refused("'6,5'") { $0.metadata["sizes"] = "6,5" }
            try refused("'arm'") { $0.metadata["arm"] = "all" }
            try refused("'trajectories'") { $0.metadata["trajectories"] = "-1" }
            try refused("'adam-steps'") { $0.metadata["adam-steps"] = "x" }
            try refused("Adam's steps of 1 weights") { $0.metadata["adam-steps"] = "4" }
            try refused("'update.cells.0.weight_ih'") { $0.metadata["sizes"] = "10000,10000,10000" }
            try refused("lacks '\(name)'") { $0.tensors[name] = nil }
            try refused("lacks 'adam.exp_avg.\(name)'") { $0.tensors["adam.exp_avg.\(name)"] = nil }
            try refused("'\(name)' is [3] of float64") { $0.tensors[name] = .zeros([3], dtype: .float64) }
            try refused("'\(name)' is [25] of int64") { $0.tensors[name] = .zeros([25], dtype: .int64) }
            try refused("not finite") { $0.tensors[name] = .full([25], .nan, dtype: .float64) }
            try refused("'more'") { $0.tensors["more"] = .zeros([1]) }
            for count in [0, 7, bytes.count / 2, bytes.count - 1] {
                try bytes.prefix(count).write(to: file)
                let error = #expect(throws: LearnedFileError.self) { _ = try LearnedTeleporter(contentsOf: file) }
                #expect(error?.description.hasPrefix("\(file.path): ") == true)
            }
            try FileManager.default.removeItem(at: file)
            let error = #expect(throws: LearnedFileError.self) { _ = try LearnedTeleporter(contentsOf: file) }
            #expect(error?.description.contains("no such file") == true)
        }
    }

    @Test("A path stands behind the colon, whatever is in it, and settings behind that")
    func texts() throws {
        func parts(_ text: String) throws -> [String] { try MethodText(text: text).parts.map(\.teleporter.text) }
        #expect(try parts("learned:a/b.safetensors") == ["learned:a/b.safetensors"])
        #expect(try parts("learned:a+b.safetensors+gauge") == ["learned:a+b.safetensors", "gauge"])
        #expect(try parts("null-space+learned:x:y") == ["null-space", "learned:x:y"])
        #expect(try parts("learned:a,b=c,teleport-steps=3") == ["learned:a,b=c,teleport-steps=3"])
        #expect(try parts("learned:a+learned:b") == ["learned:a", "learned:b"])
        let part = try MethodText(text: "learned:a,b=c,teleport-steps=3,tolerance=0.5").parts[0]
        #expect(part.teleporter.operand == "a,b=c" && part.standard.text == "learned:a,b=c")
        #expect(part.settings.map(\.name) == ["teleport-steps", "tolerance"])
        let teleporter = try #require(part.teleporter as? LearnedTeleporter)
        #expect(teleporter.steps == 3 && teleporter.tolerance == 0.5)
        for text in ["learned", "learned:", "learned:,teleport-steps=2"] {
            #expect(throws: (any Error).self) { _ = try MethodText(text: text) }
        }
    }
}
