import NeuralNetworks
import Teleportation
import Testing

@testable import Experiments

/// The ways to teleport, as a training calls them.
@Suite struct TeleportMethodTests {
    private static let perceptron = Architecture.mlp(hidden: [64, 64], activation: .leakyReLU(slope: 0.1))
    private static let cnn = Architecture.cnn(channels: [4, 6], activation: .relu)

    @Test(arguments: [
        (TeleportMethod.nullSpace, perceptron), (.symmetry, perceptron), (.levelSet, perceptron), (.random, perceptron),
        (.nullSpace, cnn), (.levelSet, cnn), (.random, cnn),
    ])
    func trains(method: TeleportMethod, architecture: Architecture) throws {
        let configuration = teleports([0]) {
            $0.method = method
            $0.cap = .none
            $0.controlSamples = 0
        }
        let training = training(epochs: 1) { $0.architecture = architecture }
        try configuration.check(training.makeModel(seed: 0))
        let records = training.run(seed: 0, teleports: configuration).teleports
        #expect(records.count == 2)
        for record in records {
            #expect(!record.restored && record.steps == (method == .random ? 1 : 4))
            #expect(record.relativeDrift < (method == .levelSet ? 0.01 : 1e-9))
            #expect(record.freeDimensions.isEmpty == (method != .nullSpace))
            #expect(record.gradientNormSquaredAfter != record.gradientNormSquaredBefore)
            if method != .random {
                #expect(record.gradientNormSquaredAfter > 1.5 * record.gradientNormSquaredBefore)
            }
        }
    }

    @Test func theOptionsReachTheTeleporter() throws {
        let configuration = TeleportConfiguration(
            method: .symmetry, groupAction: .approximate, groupElement: .firstOrder, steps: 3, stepSize: .fixed(0.5),
            cap: .relative(7), tolerance: 0.25)
        func make<Kind>(_ method: TeleportMethod, _: Kind.Type) throws -> Kind {
            var changed = configuration
            changed.method = method
            return try #require(changed.makeTeleporter(using: Training.generator(.teleports, 0)) as? Kind)
        }
        let symmetry = try make(.symmetry, SymmetryTeleporter.self)
        #expect(
            symmetry.action == .approximate && symmetry.element == .firstOrder && symmetry.derivative == .closedForm)
        #expect(
            symmetry.climb.steps == 3 && symmetry.climb.stepSize == .fixed(0.5) && symmetry.climb.cap == .relative(7))
        #expect(symmetry.climb.tolerance == 0.25)
        let levelSet = try make(.levelSet, LevelSetTeleporter.self)
        #expect(
            levelSet.climb.steps == 3 && levelSet.climb.stepSize == .fixed(0.5) && levelSet.climb.cap == .relative(7))
        #expect(levelSet.climb.tolerance == 0.25 && levelSet.climb.search == .armijo)
        #expect(try make(.random, RandomTeleporter.self).tolerance == 0.25)
        let nullSpace = try make(.nullSpace, NullSpaceTeleporter.self)
        #expect(
            nullSpace.climb.steps == 3 && nullSpace.climb.stepSize == .fixed(0.5) && nullSpace.climb.cap == .relative(7)
        )
        #expect(nullSpace.climb.tolerance == 0.25)
    }

    @Test func everyOptionReachesTheMethodsThatHeedIt() throws {
        let configuration = TeleportConfiguration(
            objective: .preconditionedNorm, sense: .decrease, search: Search.none, scaling: .unit, hiddenUnits: .both,
            derivative: .published)
        for method in TeleportMethod.allCases {
            var changed = configuration
            changed.method = method
            let teleporter = changed.makeTeleporter(using: Generator(seed: 0))
            let climb =
                (teleporter as? NullSpaceTeleporter)?.climb ?? (teleporter as? SymmetryTeleporter)?.climb
                ?? (teleporter as? LevelSetTeleporter)?.climb
            if let climb {
                #expect(climb.objective is PreconditionedNorm && climb.sense == .decrease && climb.search == .none)
            }
            if let symmetry = teleporter as? SymmetryTeleporter { #expect(symmetry.derivative == .published) }
            if let levelSet = teleporter as? LevelSetTeleporter { #expect(levelSet.scaling == .unit) }
            if let random = teleporter as? RandomTeleporter { #expect(random.permutes && random.rescaling != nil) }
        }
        #expect(TeleportConfiguration(method: .symmetry).controlSampleCount == 0)
        #expect(TeleportConfiguration().controlSampleCount == 256)
        #expect(TeleportConfiguration(method: .random, controlSamples: 9).controlSampleCount == 9)
    }

    @Test func modelsThatAMethodCannotMoveAreRefused() {
        func check(_ method: TeleportMethod, _ architecture: Architecture, action: GroupAction = .exact) throws {
            let configuration = teleports {
                $0.method = method
                $0.groupAction = action
            }
            try configuration.check(training { $0.architecture = architecture }.makeModel(seed: 0))
        }
        let relu = Architecture.mlp(hidden: [8], activation: .relu)
        let tanh = Architecture.mlp(hidden: [8], activation: .tanh)
        for action in GroupAction.allCases {
            #expect(throws: SymmetryRefusal.notAPerceptron(part: "Convolution at its place")) {
                try check(.symmetry, Self.cnn, action: action)
            }
        }
        #expect(throws: SymmetryRefusal.notBijective(.relu)) { try check(.symmetry, relu) }
        #expect(throws: Never.self) { try check(.symmetry, relu, action: .approximate) }
        #expect(throws: RandomTeleporterError.notHomogeneous(activation: "Tanh")) { try check(.random, tanh) }
        for method in [TeleportMethod.nullSpace, .levelSet] {
            for architecture in [relu, tanh, Self.cnn] {
                #expect(throws: Never.self) { try check(method, architecture) }
            }
        }
    }
}
