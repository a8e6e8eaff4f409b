import NeuralNetworks
import Optimizers
import TestSupport
import Testing
import Torch

@testable import Teleportation

/// Teleports on batches that are spread over ranks, held against the same teleports in one process.
@Suite struct ShardedTeleportTests {
    /// A teleport, with all that it depends on.
    struct Scenario: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var model: @Sendable () -> any Layer
        /// All samples; each teleport batch has the first of them, the second one the last.
        var samples: @Sendable () -> Samples
        var teleporter: @Sendable () -> any Teleporter
        var optimizer: @Sendable () -> any Optimizer = { SGD(learningRate: 0.1) }
        var batchSize = 7
        /// The relative difference of parameters that rounding may make.
        var tolerance = 1e-12
        /// Whether the statistics of batch normalization are those of all ranks.
        var isSynchronized = false

        init(
            _ name: String, _ instance: Instance, of count: Int = 20, distinct: Int = .max,
            _ teleporter: @escaping @Sendable () -> any Teleporter
        ) {
            testDescription = name
            model = { instance.model() }
            samples = {
                var all = instance
                all.samples = count
                let batch = all.batch(distinct: distinct)
                return Samples(inputs: batch.inputs, targets: batch.targets)
            }
            self.teleporter = teleporter
        }

        init(
            _ name: String, model: @escaping @Sendable () -> any Layer, samples: @escaping @Sendable () -> Samples,
            _ teleporter: @escaping @Sendable () -> any Teleporter
        ) {
            testDescription = name
            self.model = model
            self.samples = samples
            self.teleporter = teleporter
        }

        func with(_ change: (inout Scenario) -> Void) -> Scenario {
            var other = self
            change(&other)
            return other
        }
    }

    private static let wide = Instance(hidden: [24, 20], samples: 0)
    /// Two layers of few outputs.
    private static let narrow = Instance(hidden: [30, 6], samples: 0)
    private static let leaky = Instance(hidden: [24, 20], samples: 0, activation: .leakyReLU(slope: 0.1))

    private static let growing = Climb(steps: 3, stepSize: .growth(0.3), cap: .none)

    /// Null spaces of batches of all sizes.
    static let nullSpaces: [Scenario] = [
        Scenario("fewer rows than outputs", wide) { NullSpaceTeleporter(growing) },
        Scenario("more rows than outputs", narrow) { NullSpaceTeleporter(growing) },
        Scenario("more rows than dimensions", wide, of: 60, distinct: 7) { NullSpaceTeleporter(growing) }
            .with { $0.batchSize = 47 },
        Scenario("nearly no room", narrow, of: 60, distinct: 11) { NullSpaceTeleporter(growing) }
            .with { $0.batchSize = 40 },
        Scenario("without bias", Instance(hidden: [24, 6], samples: 0, bias: false)) { NullSpaceTeleporter(growing) },
        Scenario("no room", Instance(hidden: [10], samples: 0), of: 60) { NullSpaceTeleporter(growing) }
            .with { $0.batchSize = 60 },
        Scenario("one sample", wide) { NullSpaceTeleporter(growing) }.with { $0.batchSize = 1 },
        Scenario("two samples", wide) { NullSpaceTeleporter(growing) }.with { $0.batchSize = 2 },
        Scenario("double backward", wide) { NullSpaceTeleporter(growing, derivative: .doubleBackward) },
        Scenario("double backward, two samples", wide) {
            NullSpaceTeleporter(growing, derivative: .doubleBackward)
        }.with { $0.batchSize = 2 },
        Scenario("tau below 1", wide) { NullSpaceTeleporter(growing, tau: 0.95) },
        Scenario("tau below 1, many rows", wide, of: 60) {
            NullSpaceTeleporter(
                Climb(steps: 2, stepSize: .growth(0.1), cap: .none, tolerance: 10), tau: 0.9)
        }.with { $0.batchSize = 41 },
        Scenario("tau below 1, two samples", wide) {
            NullSpaceTeleporter(Climb(steps: 2, stepSize: .growth(0.1), cap: .none, tolerance: 10), tau: 0.6)
        }.with { $0.batchSize = 2 },
        Scenario("data set", wide, of: 22, distinct: 9) { NullSpaceTeleporter(growing, scope: .dataset) },
        Scenario("data set, tau below 1", wide, of: 22) {
            NullSpaceTeleporter(
                Climb(steps: 2, stepSize: .growth(0.1), cap: .none, tolerance: 10), tau: 0.8, scope: .dataset)
        },
        Scenario("convolutions", model: convolutions, samples: images) { NullSpaceTeleporter(growing) },
        Scenario("a transformer", model: { TransformerTeleportTests.Use.classifier.model() }, samples: sequences) {
            NullSpaceTeleporter(growing)
        }.with { $0.tolerance = 1e-11 },
        Scenario("a matrix that two layers share", model: shared, samples: vectors) {
            NullSpaceTeleporter(Climb(steps: 2, stepSize: .growth(0.3), cap: .none))
        },
        Scenario("batch normalization", model: normalized, samples: vectors) { NullSpaceTeleporter(growing) }
            .with { $0.isSynchronized = true },
    ]

    /// All objectives that move on shards, and other ways than the null space.
    static let objectives: [Scenario] = [
        Scenario("lookahead", wide) { NullSpaceTeleporter() },
        Scenario("lookahead, the step followed", wide) { NullSpaceTeleporter(.lookahead(optimizerStep: .followed)) },
        Scenario("lookahead, double backward", wide) { NullSpaceTeleporter(derivative: .doubleBackward) },
        Scenario("lookahead at other samples", wide) { NullSpaceTeleporter(.lookahead(samples: .others)) },
        Scenario("lookahead with momentum", narrow) { NullSpaceTeleporter() }
            .with { $0.optimizer = { Momentum(learningRate: 0.05) } },
        Scenario("lookahead with Adam", wide) { NullSpaceTeleporter() }
            .with {
                $0.optimizer = { Adam(learningRate: 0.01) }
                $0.tolerance = 1e-11
            },
        Scenario("lookahead, data set", wide, of: 20, distinct: 9) { NullSpaceTeleporter(scope: .dataset) },
        Scenario("preconditioned norm", wide) {
            NullSpaceTeleporter(Climb(objective: PreconditionedNorm(), steps: 3, stepSize: .growth(0.3), cap: .none))
        }.with { $0.optimizer = { Adam(learningRate: 0.01) } },
        Scenario("a cap", wide) { NullSpaceTeleporter(Climb()) },
        Scenario("steps of one size", wide) {
            NullSpaceTeleporter(Climb(steps: 3, stepSize: .fixed(0.05), cap: .none))
        },
        Scenario("gauge", leaky) { GaugeTeleporter(growing) },
        Scenario("gauge, two samples", leaky) { GaugeTeleporter(growing) }.with { $0.batchSize = 2 },
        Scenario("gauge, lookahead", leaky) { GaugeTeleporter(.lookahead()) },
        Scenario("level set", wide) { LevelSetTeleporter(Climb(steps: 3, search: .armijo)) },
        Scenario("level set, two samples", wide) { LevelSetTeleporter(Climb(steps: 3, search: .armijo)) }
            .with { $0.batchSize = 2 },
        Scenario("level set, lookahead at other samples", wide) { LevelSetTeleporter(.lookahead(samples: .others)) },
        Scenario("a sequence", leaky) {
            TeleporterSequence([GaugeTeleporter(growing), NullSpaceTeleporter()])
        },
    ]

    @Sendable private static func convolutions() -> any Layer {
        ConvolutionalNetwork(
            imageShape: [2, 8, 8], channels: [8, 12], outputs: 3, activation: .tanh, using: Generator(seed: 3),
            dtype: .float64)
    }

    @Sendable private static func images() -> Samples {
        let generator = Generator(seed: 7)
        let few = Tensor.normal([3, 2, 8, 8], using: generator, dtype: .float64)
        let places = Tensor((0..<10).map { Int64($0 % 3) })
        return Samples(inputs: few.gathered(0, places), targets: places)
    }

    @Sendable private static func sequences() -> Samples {
        let batch = TransformerTeleportTests.Use.classifier.batch(samples: 10, distinct: 3)
        return Samples(inputs: batch.inputs, targets: batch.targets)
    }

    @Sendable private static func vectors() -> Samples {
        let generator = Generator(seed: 5)
        return Samples(
            inputs: .normal([20, 12], using: generator, dtype: .float64),
            targets: .integers([20], in: 0..<3, using: generator))
    }

    @Sendable private static func shared() -> any Layer {
        let generator = Generator(seed: 6)
        let weight = Tensor.normal([30, 30], using: generator, dtype: .float64) * 0.2
        let bias = Tensor.normal([30], using: generator, dtype: .float64) * 0.1
        return Sequential(
            Dense(12, 30, using: generator, dtype: .float64), Tanh(), Dense(weight: weight, bias: bias), Tanh(),
            Dense(weight: weight, bias: bias), Tanh(), Dense(30, 3, using: generator, dtype: .float64))
    }

    @Sendable private static func normalized() -> any Layer {
        let generator = Generator(seed: 6)
        return Sequential(
            Dense(12, 24, using: generator, dtype: .float64), BatchNormalization(24, dtype: .float64), Tanh(),
            Dense(24, 20, using: generator, dtype: .float64), Tanh(), Dense(20, 3, using: generator, dtype: .float64))
    }

    /// What is left of a teleport.
    private struct Trace: Sendable {
        var start: [[Double]]
        var parameters: [[Double]]
        var reports: [TeleportReport]

        /// What was decided on the way.
        var decisions: [TeleportReport] {
            reports.map { report in
                var decided = TeleportReport(lossBefore: 0)
                decided.steps = report.steps
                decided.halvings = report.halvings
                decided.freeDimensions = report.freeDimensions
                decided.ending = report.ending
                decided.endsTeleport = report.endsTeleport
                (decided.gradientNormSquaredBefore, decided.gradientNormSquaredAfter) = (0, 0)
                decided.gradientEvaluations = report.gradientEvaluations
                if report.restored != nil { decided.restored = .recorded("") }
                return decided
            }
        }

        /// All but the time.
        var timeless: [TeleportReport] {
            reports.map { report in
                var timeless = report
                timeless.seconds = 0
                return timeless
            }
        }
    }

    /// Teleports on two batches, after two training steps.
    @Sendable private static func run(_ scenario: Scenario, in group: ProcessGroup? = nil) -> Trace {
        BatchStatistics.$processes.withValue(scenario.isSynchronized ? group : nil) {
            let (model, optimizer) = (scenario.model(), scenario.optimizer())
            let whole = scenario.samples()
            let samples: any SampleSource = group.map { ShardedSamples(whole, in: $0) } ?? whole
            let size = scenario.batchSize
            let batches = [0, whole.count - size].map { start in
                samples.batch(Tensor((start..<start + size).map(Int64.init)))
            }
            let parameters = model.parameters.map(\.value)
            // What an optimizer remembers is a part of where it leads.
            func step(_ model: some Layer, on batch: Batch) {
                optimizer.update(
                    parameters, with: LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: parameters))
            }
            for batch in batches { step(model, on: batch) }
            let start = parameters.map { $0.doubles() }
            let others = Generator(seed: 12)
            let context = TeleportContext(
                before: optimizer, samples: samples.batches(of: 7), generator: Generator(seed: 11),
                drawOthers: { samples.randomBatch(of: $0, using: others) })
            let reports = scenario.teleporter().teleport(model, CrossEntropy(), on: batches, in: context)
            return Trace(start: start, parameters: parameters.map { $0.doubles() }, reports: reports)
        }
    }

    private func compare(
        _ scenario: Scenario, ranks: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [TeleportReport] {
        let whole = Self.run(scenario)
        let traces = try withRanks(ranks) { Self.run(scenario, in: $0) }
        let first = traces[0]
        for trace in traces {
            #expect(
                trace.parameters == first.parameters && trace.timeless == first.timeless,
                "all ranks have the same bits", sourceLocation: sourceLocation)
        }
        #expect(first.decisions == whole.decisions, sourceLocation: sourceLocation)
        for (index, (moved, expected)) in zip(first.parameters, whole.parameters).enumerated() {
            let scale = expected.map(\.magnitude).max() ?? 0
            let difference = zip(moved, expected).map { abs($0 - $1) }.max() ?? 0
            #expect(
                difference <= scenario.tolerance * scale, "parameter \(index): \(difference / scale)",
                sourceLocation: sourceLocation)
        }
        for (report, expected) in zip(first.reports, whole.reports) {
            let numbers: [(Double, Double)] = [
                (report.lossBefore, expected.lossBefore), (report.lossAfter, expected.lossAfter),
                (report.gradientNormSquaredBefore, expected.gradientNormSquaredBefore),
                (report.gradientNormSquaredAfter, expected.gradientNormSquaredAfter),
                (report.objectiveBefore ?? 0, expected.objectiveBefore ?? 0),
                (report.objectiveAfter ?? 0, expected.objectiveAfter ?? 0),
            ]
            for (number, expected) in numbers {
                #expect(
                    abs(number - expected) <= 100 * scenario.tolerance * abs(expected), sourceLocation: sourceLocation)
            }
        }
        return first.reports
    }

    @Test("Moves in the null space of a spread batch are those in one process", arguments: nullSpaces, [2, 3])
    func inNullSpaces(scenario: Scenario, ranks: Int) throws {
        let reports = try compare(scenario, ranks: ranks)
        let moves = scenario.testDescription != "no room"
        #expect(reports.allSatisfy { $0.hasMoved == moves }, "\(reports)")
        if !moves { #expect(reports.allSatisfy { $0.ending == .noRoom }) }
    }

    @Test("So they are for each objective, and along symmetries and level sets", arguments: objectives, [2, 3])
    func alongOthers(scenario: Scenario, ranks: Int) throws {
        let reports = try compare(scenario, ranks: ranks)
        #expect(reports.contains { $0.hasMoved }, "\(reports)")
    }

    @Test("In float32 they are those in one process to its precision", arguments: [7, 40])
    func singlePrecision(batchSize: Int) throws {
        let scenario = Scenario(
            "float32",
            model: {
                MLP(inputs: 12, hidden: [24, 20], outputs: 5, activation: .tanh, using: Generator(seed: 0))
            },
            samples: {
                let batch = Instance(hidden: [], samples: 60).batch(distinct: 7)
                return Samples(inputs: batch.inputs.to(dtype: .float32), targets: batch.targets)
            }, { NullSpaceTeleporter(Self.growing) }
        ).with {
            $0.batchSize = batchSize
            $0.tolerance = 1e-5
        }
        #expect(try compare(scenario, ranks: 2).allSatisfy { $0.hasMoved })
    }

    // MARK: Control and trial

    @Test(
        "Processes with unequal numbers of control samples take equally many parts of them, of which they take statistics together"
    )
    func controlParts() throws {
        let losses = try withRanks(2) { group in
            let generator = Generator(seed: 5)
            let all = Samples(
                inputs: .normal([65, 6], using: generator, dtype: .float64),
                targets: .integers([65], in: 0..<3, using: generator))
            let model = Sequential(
                Dense(6, 8, using: generator, dtype: .float64), BatchNormalization(8, dtype: .float64), ReLU(),
                Dense(8, 3, using: generator, dtype: .float64))
            let batch = ShardedSamples(all, in: group).batch(.range(65))
            return withMode(.teleportation) {
                BatchStatistics.$processes.withValue(group) { ControlLosses(of: model, CrossEntropy(), on: batch).mean }
            }
        }
        #expect(losses[0].isFinite && losses[0] == losses[1])
    }

    @Test(
        "Control samples that are spread shorten a move as they do in one process, and undo it as they do",
        arguments: [(0.3, 8.0), (0.6, 8.0), (3, 8)])
    func control(learningRate: Double, growth: Double) throws {
        @Sendable func run(_ group: ProcessGroup?) -> Trace {
            let model = Self.wide.model()
            let batch = Instance(hidden: [], samples: 60).batch()
            let whole = Samples(inputs: batch.inputs, targets: batch.targets)
            let samples: any SampleSource = group.map { ShardedSamples(whole, in: $0) } ?? whole
            let teleporter = ControlledTeleporter(
                NullSpaceTeleporter(Climb(steps: 3, stepSize: .growth(growth), cap: .none)),
                by: samples.batch(Tensor((7..<44).map(Int64.init))))
            let parameters = model.parameters.map(\.value)
            let start = parameters.map { $0.doubles() }
            let reports = teleporter.teleport(
                model, CrossEntropy(), on: [samples.batch(.range(7))], before: SGD(learningRate: learningRate))
            return Trace(start: start, parameters: parameters.map { $0.doubles() }, reports: reports)
        }
        let whole = run(nil)
        #expect(whole.reports[0].halvings.control > 0, "the control has a say: \(whole.reports)")
        for ranks in [2, 3] {
            let traces = try withRanks(ranks) { run($0) }
            for trace in traces {
                #expect(trace.parameters == traces[0].parameters && trace.timeless == traces[0].timeless)
                #expect(trace.decisions == whole.decisions)
                for (moved, expected) in zip(trace.parameters, whole.parameters) {
                    let scale = expected.map(\.magnitude).max() ?? 0
                    #expect(zip(moved, expected).allSatisfy { abs($0 - $1) <= 1e-12 * scale })
                }
                if whole.reports[0].restored != nil { #expect(trace.parameters == trace.start) }
            }
        }
    }

    /// What a session decided, step by step, and where it came to.
    private struct Course: Sendable {
        var teleports: [[TeleportReport]] = []
        var verdicts: [Bool?] = []
        var losses: [Double] = []
        var verdictLosses: [Double] = []
        var parameters: [[Double]] = []
        /// Where the generators are in the end.
        var generators: [[UInt8]] = []

        func isDecided(as other: Course) -> Bool {
            func decisions(_ course: Course) -> [[TeleportReport]] {
                course.teleports.map { Trace(start: [], parameters: [], reports: $0).decisions }
            }
            return decisions(self) == decisions(other) && verdicts == other.verdicts && generators == other.generators
        }
    }

    /// Three epochs of six batches of 9 samples and one of 6.
    @Sendable private static func course(
        _ plan: @Sendable () -> TeleportPlan, _ optimizer: @Sendable () -> any Optimizer, in group: ProcessGroup? = nil
    ) throws -> Course {
        let model = MLP(
            inputs: 12, hidden: [24, 20], outputs: 5, activation: .leakyReLU(slope: 0.1), using: Generator(seed: 1),
            dtype: .float64)
        let batch = Instance(hidden: [], samples: 60).batch()
        let whole = Samples(inputs: batch.inputs, targets: batch.targets)
        let samples: any SampleSource = group.map { ShardedSamples(whole, in: $0) } ?? whole
        func session(_ samples: some SampleSource) throws -> TeleportingSession {
            try TeleportingSession(
                TrainingStep(model, CrossEntropy(), optimizer()), plan(), samples: samples, passSize: 25)
        }
        let session = try session(samples)
        let order = Generator(seed: 9)
        var course = Course()
        for epoch in 0..<3 {
            for batch in samples.batches(of: 9, shuffledBy: order) {
                let outcome = session.step(on: batch, inEpoch: epoch)
                course.teleports.append(outcome.teleports)
                course.verdicts.append(outcome.verdict?.keepsTeleports)
                course.losses.append(outcome.loss.item())
                if let verdict = outcome.verdict {
                    course.verdictLosses += [verdict.lossWithTeleports, verdict.lossWithout]
                }
            }
            course.verdicts.append(session.settle()?.keepsTeleports)
        }
        course.parameters = model.parameters.map { $0.value.doubles() }
        course.generators = (session.state?.generators ?? [:]).sorted { $0.key < $1.key }.map {
            $0.value.elements(as: UInt8.self)
        }
        return course
    }

    private func compare(
        _ plan: @escaping @Sendable () -> TeleportPlan,
        _ optimizer: @escaping @Sendable () -> any Optimizer = { SGD(learningRate: 0.1) }, tolerance: Double = 1e-11,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Course {
        let whole = try Self.course(plan, optimizer)
        for ranks in [2, 3] {
            let courses = try withRanks(ranks) { try Self.course(plan, optimizer, in: $0) }
            for course in courses {
                #expect(course.isDecided(as: whole), sourceLocation: sourceLocation)
                #expect(
                    course.parameters == courses[0].parameters && course.losses == courses[0].losses,
                    sourceLocation: sourceLocation)
                for (numbers, expected) in zip(
                    course.parameters + [course.losses, course.verdictLosses],
                    whole.parameters + [whole.losses, whole.verdictLosses])
                {
                    let scale = expected.map(\.magnitude).max() ?? 0
                    #expect(
                        numbers.count == expected.count
                            && zip(numbers, expected).allSatisfy { abs($0 - $1) <= tolerance * scale },
                        sourceLocation: sourceLocation)
                }
            }
        }
        return whole
    }

    private static let schedule = TeleportSchedule(.every(6), batchCount: 2, batchSize: 7)

    @Test("A session of several ranks takes the decisions and the steps of one process")
    func session() throws {
        let course = try compare {
            TeleportPlan(
                NullSpaceTeleporter(), schedule: Self.schedule, controlSamples: 31, trialSteps: 4, patience: 0)
        }
        #expect(course.teleports.count { !$0.isEmpty } == 4)
        #expect(course.verdicts.contains { $0 != nil })
    }

    @Test("Trials that are lost are lost at all ranks, and end teleports at all")
    func lostTrials() throws {
        let course = try compare {
            TeleportPlan(
                NullSpaceTeleporter(Climb(stepSize: .growth(10), cap: .none)), schedule: Self.schedule,
                controlSamples: 0, trialSteps: 4, patience: 1)
        }
        #expect(course.verdicts.contains { $0 == false })
    }

    @Test("Where the optimizer gets on by itself it does so at all ranks")
    func ownProgress() throws {
        let course = try compare(
            {
                TeleportPlan(
                    NullSpaceTeleporter(), schedule: Self.schedule, controlSamples: 31, trialSteps: 4,
                    largestOwnProgress: 0.01, patience: 0)
            }, { SGD(learningRate: 0.3) })
        #expect(course.teleports.joined().contains { $0.ending == .ownProgress })
    }

    @Test("Velocities that are teleported and moments that are reset are so at all ranks", arguments: [false, true])
    func optimizerStates(resets: Bool) throws {
        let course = try compare(
            {
                TeleportPlan(
                    GaugeTeleporter(Climb(steps: 2)),
                    // No trial ends after one step: its loss is that of before it, which a symmetry keeps, and rounding would decide.
                    schedule: TeleportSchedule(.every(8), batchCount: 2, batchSize: 7), controlSamples: 20,
                    trialSteps: 3, patience: 0,
                    optimizerState: resets ? .reset : .teleport)
            }, { Momentum(learningRate: 0.02) }, tolerance: 1e-10)
        #expect(course.teleports.joined().contains { $0.hasMoved })
    }

    @Test("The scope of a data set has all samples of a session")
    func datasetScope() throws {
        let course = try compare {
            TeleportPlan(
                NullSpaceTeleporter(
                    Climb(steps: 2, stepSize: .growth(0.1), cap: .none, tolerance: 10), tau: 0.8, scope: .dataset),
                schedule: Self.schedule, controlSamples: 0, trialSteps: 3, patience: 0)
        }
        #expect(course.teleports.joined().contains { $0.hasMoved })
    }

    @Test("A method that does not move on a part of a batch is given all of it, and does what it does in one process")
    func wholeBatches() throws {
        let symmetry = SymmetryTeleporter(Climb(steps: 2))
        #expect(!symmetry.movesOnShards)
        let course = try compare {
            TeleportPlan(
                SymmetryTeleporter(Climb(steps: 2)), schedule: Self.schedule, controlSamples: 20, trialSteps: 3,
                patience: 0)
        }
        #expect(course.teleports.joined().contains { $0.hasMoved })
    }

    @Test("Which methods move on a part of a batch")
    func movesOnShards() {
        let controlled = Instance(hidden: [], samples: 4).batch()
        let onShards: [any Teleporter] = [
            NullSpaceTeleporter(), GaugeTeleporter(), LevelSetTeleporter(),
            TeleporterSequence([GaugeTeleporter(), NullSpaceTeleporter()]),
            ControlledTeleporter(NullSpaceTeleporter(), by: controlled),
        ]
        let onWholes: [any Teleporter] = [
            SymmetryTeleporter(), TeleporterSequence([SymmetryTeleporter(), NullSpaceTeleporter()]),
            ControlledTeleporter(SymmetryTeleporter(), by: controlled),
            LevelSetTeleporter(Climb(objective: Curvature(), search: .armijo)),
        ]
        #expect(onShards.allSatisfy { $0.movesOnShards })
        #expect(onWholes.allSatisfy { !$0.movesOnShards })
    }
}

/// The covariance of inputs that several ranks have.
@Suite struct SharedInputCovarianceTests {
    /// Rows that span a part of their space, or all.
    private static func rows(_ count: Int, rank: Int, columns: Int, _ dtype: DType) -> Tensor {
        let generator = Generator(seed: 3)
        let few = Tensor.normal([rank, columns], using: generator, dtype: .float64)
        let mixture = Tensor.normal([count, rank], using: generator, dtype: .float64)
        return mixture.matmul(few).to(dtype: dtype)
    }

    private struct Numbers: Sendable, Equatable {
        let rowCount: Int
        let energies: [Double]
        let freeDimensions: [Int]
        let projections: [[Double]]

        init(_ covariance: InputCovariance, columns: Int, _ dtype: DType) throws {
            rowCount = covariance.rowCount
            energies = try covariance.energies()
            let spaces = try [1, 0.9].map { try covariance.nullSpace(tau: $0) }
            freeDimensions = spaces.map(\.freeDimensions)
            let matrix = Tensor.normal([4, columns], using: Generator(seed: 1), dtype: dtype)
            projections = spaces.map { $0.project(matrix)?.weight.doubles() ?? [] }
        }
    }

    @Test(
        "Rows of several ranks have the energies and the null space that they have together",
        arguments: [
            // Few, with room; one rank has none.
            ([2, 3], 5), ([4, 0], 4), ([1, 1, 1], 3),
            // Each of them few, and together as many as there are dimensions, or more.
            ([6, 7], 9), ([12, 12, 12], 7), ([9, 8], 20),
            // Some of them many.
            ([40, 3], 8), ([3, 200], 20), ([30, 30], 8), ([300, 100, 5], 10),
        ], [DType.float32, .float64])
    func merged(of sizes: (counts: [Int], rank: Int), dtype: DType) throws {
        for hasBias in [true, false] {
            let columns = 12
            let all = Self.rows(sizes.counts.reduce(0, +), rank: sizes.rank, columns: columns, dtype)
            let whole = InputCovariance(columns: columns, hasBias: hasBias, dtype: dtype, device: .cpu)
            whole.add(all)
            let expected = try Numbers(whole, columns: columns, dtype)
            let merged = try withRanks(sizes.counts.count) { group in
                let all = Self.rows(sizes.counts.reduce(0, +), rank: sizes.rank, columns: columns, dtype)
                let start = sizes.counts[..<group.rank].reduce(0, +)
                let end = start + sizes.counts[group.rank]
                let covariance = InputCovariance(columns: columns, hasBias: hasBias, dtype: dtype, device: .cpu)
                // In two parts, as batches come.
                let middle = (start + end) / 2
                for part in [start..<middle, middle..<end] where !part.isEmpty {
                    covariance.add(all.narrowed(0, to: part))
                }
                covariance.merge(over: group)
                return try Numbers(covariance, columns: columns, dtype)
            }
            #expect(merged.allSatisfy { $0 == merged[0] }, "all ranks have the same bits")
            #expect(merged[0].rowCount == expected.rowCount)
            #expect(merged[0].freeDimensions == expected.freeDimensions)
            let tolerance = dtype == .float64 ? 1e-12 : 1e-5
            let largest = expected.energies.max() ?? 0
            // Rows and their triangle differ in what is zero but for rounding, and in how often they say so.
            for (energy, other) in zip(merged[0].energies, expected.energies) {
                #expect(abs(energy - other) <= tolerance * largest)
            }
            for (projection, other) in zip(merged[0].projections, expected.projections) {
                #expect(projection.count == other.count)
                #expect(zip(projection, other).allSatisfy { abs($0 - $1) <= 10 * tolerance })
            }
        }
    }
}
