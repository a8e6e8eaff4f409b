import NeuralNetworks
import Teleportation
import Testing
import TextForms

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
        var teleporter: any TextualTeleporter = method.teleporter.standard
        if method != .random { try teleporter.set("cap=none,teleport-steps=4") }
        let plan = teleports(
            [0],
            plan: {
                $0.teleporter = teleporter
                $0.controlSamples = 0
            })
        let records = try training(epochs: 1) { $0.architecture = architecture }.run(seed: 0, plan: plan).teleports
        #expect(records.count == 2)
        for record in records {
            #expect(!record.isRestored && record.steps == (method == .random ? 1 : 4))
            #expect(record.relativeDrift < (method == .levelSet ? 0.01 : 1e-9))
            #expect(record.freeDimensions.isEmpty == (method != .nullSpace))
            #expect(record.gradientNormSquaredAfter != record.gradientNormSquaredBefore)
            #expect((record.objectiveAfter == nil) == (method == .random))
            if method != .random {
                #expect(record.gradientNormSquaredAfter > 1.5 * record.gradientNormSquaredBefore)
            }
        }
    }

    @Test(arguments: [
        "null-space", "null-space:tau=0.99,scope=dataset",
        "null-space:step-size=fixed:0.2,cap=fixed:5,derivative=double-backward",
        "symmetry:group-action=approximate,group-element=first-order", "symmetry:derivative=published,tolerance=inf",
        "level-set:line-search=none,step-scaling=unit", "random", "random:hidden-units=permute",
        "random:hidden-units=both,scales=uniform:0.5,tolerance=0.1",
        "null-space:objective=gradient-norm", "level-set:objective=lookahead:1", "symmetry:objective=lookahead",
        "null-space:objective=lookahead:2,cap=predicted:0.1", "null-space:lookahead-step=followed",
        "level-set:objective=lookahead-others:2,lookahead-step=followed", "gauge:step-size=share:0.1",
        "null-space:objective=preconditioned-norm,direction=decrease,teleport-steps=3", "null-space+gauge",
        "learned:file.safetensors", "learned:file.safetensors,teleport-steps=3+gauge",
        "null-space:tolerance=1e+30,objective=lookahead-others:2+random+gauge:objective=lookahead-others",
    ])
    func aTextFormIsReadAsItIsWritten(text: String) throws {
        let teleporter = try MethodText(text: text).teleporter
        #expect("\(teleporter)".split(separator: ":")[0] == text.split(separator: ":")[0])
        // The parts stand in the order of the settings.
        #expect(Set("\(teleporter)".split { ",:+".contains($0) }) == Set(text.split { ",:+".contains($0) }))
        #expect(try MethodText(text: "\(teleporter)").text == "\(teleporter)")
    }

    @Test("An objective that brings steps and cap along leaves those alone that are given, in whatever order")
    func objectivesComeFirst() throws {
        for text in ["teleport-steps=3,objective=gradient-norm", "objective=gradient-norm,teleport-steps=3"] {
            let teleporter = try #require(
                try TeleportMethod.teleporter(from: "null-space:\(text)") as? NullSpaceTeleporter)
            #expect(teleporter.climb.steps == 3 && teleporter.climb.cap == .predicted(0.1))
            #expect(teleporter.climb.stepSize == .growth(0.5) && teleporter.climb.sense == .increase)
        }
    }

    @Test func settingsReachTheTeleporter() throws {
        func teleporter<Kind>(_ text: String, _: Kind.Type) throws -> Kind {
            try #require(try MethodText(text: text).teleporter as? Kind)
        }
        let climb =
            "teleport-steps=3,step-size=fixed:0.5,cap=relative:7,tolerance=0.25,objective=preconditioned-norm,"
            + "direction=decrease,line-search=none"
        let climbs = [
            try teleporter("null-space:\(climb)", NullSpaceTeleporter.self).climb,
            try teleporter("symmetry:\(climb)", SymmetryTeleporter.self).climb,
            try teleporter("level-set:\(climb)", LevelSetTeleporter.self).climb,
        ]
        for climb in climbs {
            #expect(climb.steps == 3 && climb.stepSize == .fixed(0.5) && climb.cap == .relative(7))
            #expect(climb.tolerance == 0.25 && climb.search == .none)
            #expect(climb.objective is PreconditionedNorm && climb.sense == .decrease)
        }
        let nullSpace = try teleporter(
            "null-space:tau=0.5,scope=dataset,derivative=double-backward", NullSpaceTeleporter.self)
        #expect(nullSpace.tau == 0.5 && nullSpace.scope == .dataset && nullSpace.derivative == .doubleBackward)
        let symmetry = try teleporter(
            "symmetry:group-action=approximate,group-element=first-order,derivative=published", SymmetryTeleporter.self)
        #expect(symmetry.action == .approximate && symmetry.element == .firstOrder && symmetry.derivative == .published)
        #expect(try teleporter("level-set:step-scaling=unit", LevelSetTeleporter.self).scaling == .unit)
        #expect(try teleporter("level-set", LevelSetTeleporter.self).climb.search == .armijo)
        let random = try teleporter("random:hidden-units=both,scales=uniform:0.25,tolerance=0.5", RandomTeleporter.self)
        #expect(random.permutes && random.rescaling == .uniform(sigma: 0.25) && random.tolerance == 0.5)
        #expect(try teleporter("random:hidden-units=permute", RandomTeleporter.self).rescaling == nil)
    }

    @Test(arguments: [
        ("", "null-space, symmetry"), ("nullspace", "null-space, symmetry"), ("null-space:", "SETTING=VALUE"),
        ("null-space:tau", "SETTING=VALUE"), ("null-space:tau=2", "at most 1"),
        ("null-space:tau=0.5,tau=0.6", "tau once"),
        ("null-space:group-action=exact", "SETTING=VALUE with the setting objective"),
        ("symmetry:derivative=double-backward", "closed-form or published"),
        ("random:scales=log-uniform:0.5", "above 1"),
        ("random:hidden-units=permute,scales=uniform:0.5", "leave them out"),
        ("random:scales=uniform:0.5,hidden-units=permute", "leave them out"),
        ("null-space:objective=loss", "gradient-norm, preconditioned-norm"),
        ("null-space:objective=lookahead:0", "lookahead:3"),
        ("null-space:objective=gradient-norm:2", "lookahead:3"),
    ])
    func textsThatStandForNothingAreRefused(text: String, remedy: String) {
        let error = #expect(throws: TextError.self) { try TeleportMethod.teleporter(from: text) }
        #expect(error?.description.contains(remedy) == true, "\(String(describing: error))")
    }

    @Test func eachOptionIsStatedOnce() {
        let names = TeleportOption.all.map(\.name)
        #expect(Set(names).count == names.count && names.contains("tau"))
        #expect(TeleportOption.named("line-search").standardText == "armijo; overshoot for symmetry")
        #expect(TeleportOption.named("tau").methodNames == "null-space")
        #expect(TeleportOption.named("derivative").choices == ["closed-form", "double-backward", "published"])
        for option in TeleportOption.all {
            for (_, standard) in option.methods { #expect(throws: Never.self) { try option.check(standard) } }
        }
        for method in TeleportMethod.allCases { #expect(method.teleporter.methodName == method.rawValue) }
        #expect(TeleportPlan(SymmetryTeleporter()).controlSampleCount == 0)
        #expect(TeleportPlan().controlSampleCount == 64)
        #expect(TeleportPlan(schedule: TeleportSchedule(batchSize: 5)).controlSampleCount == 10)
        #expect(TeleportPlan(schedule: TeleportSchedule(batchSize: .max)).controlSampleCount == .max - 1)
        #expect(TeleportPlan(RandomTeleporter(), controlSamples: 9).controlSampleCount == 9)
    }

    @Test func modelsThatAMethodCannotMoveAreRefused() {
        func check(_ text: String, _ architecture: Architecture) throws {
            let plan = TeleportPlan(try MethodText(text: text).teleporter)
            _ = try TrainingRun(training { $0.architecture = architecture }, seed: 0, plan: plan)
        }
        let relu = Architecture.mlp(hidden: [8], activation: .relu)
        let tanh = Architecture.mlp(hidden: [8], activation: .tanh)
        for action in GroupAction.allCases {
            #expect(throws: SymmetryRefusal.notAPerceptron(part: "Convolution at its place")) {
                try check("symmetry:group-action=\(action.rawValue)", Self.cnn)
            }
        }
        #expect(throws: SymmetryRefusal.notBijective(.relu)) { try check("symmetry", relu) }
        #expect(throws: Never.self) { try check("symmetry:group-action=approximate", relu) }
        #expect(throws: RescalingRefusal.notHomogeneous(activation: "Tanh")) { try check("random", tanh) }
        for method in ["null-space", "level-set"] {
            for architecture in [relu, tanh, Self.cnn] {
                #expect(throws: Never.self) { try check(method, architecture) }
            }
        }
    }
}
