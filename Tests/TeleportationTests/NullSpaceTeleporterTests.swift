import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct NullSpaceTeleporterTests {
    static let instances =
        [[24], [24, 20], [24, 20, 16], [24, 20, 16, 18]].flatMap { hidden in
            [true, false].flatMap { bias in
                [Activation.tanh, .relu, .gelu].map {
                    Instance(hidden: hidden, samples: 6, bias: bias, activation: $0)
                }
            }
        }

    @Test("The closed form is the projected Hessian-vector product", arguments: instances)
    func closedFormMatchesDoubleBackward(instance: Instance) {
        for (samples, distinct) in [(6, 6), (40, 7), (40, 40)] {
            var instance = instance
            instance.samples = samples
            compare(instance, distinct: distinct)
        }
    }

    private func compare(_ instance: Instance, distinct: Int) {
        var moved: [[Tensor]] = []
        var reports: [TeleportReport] = []
        for method in NullSpaceTeleporter.Derivative.allCases {
            let model = instance.model()
            let teleporter = NullSpaceTeleporter(
                Climb(steps: 4, stepSize: .growth(0.3), cap: .none), derivative: method)
            reports += teleporter.teleport(
                model, CrossEntropy(), on: [instance.batch(distinct: distinct)], before: SGD(learningRate: 0.1))
            moved.append(model.parameters.map(\.value))
        }
        let start = instance.model().parameters.map(\.value)
        for (index, (closed, double)) in zip(moved[0], moved[1]).enumerated() {
            let (a, b) = (closed - start[index], double - start[index])
            let scale = max(start[index].doubles().map(\.magnitude).max()!, b.doubles().map(\.magnitude).max()!)
            #expect((a - b).doubles().map(\.magnitude).max()! <= 1e-10 * scale, "parameter \(index)")
        }
        #expect(reports[0].steps == reports[1].steps)
        #expect(abs(reports[0].gradientNormSquaredAfter / reports[1].gradientNormSquaredAfter - 1) < 1e-10)
        for report in reports {
            #expect(report.relativeDrift < 1e-12)
            #expect(report.restored == nil)
        }
        if distinct < 12 {
            #expect(reports[0].steps == 4)
            #expect(reports[0].gradientNormSquaredAfter > 1.5 * reports[0].gradientNormSquaredBefore)
        }
    }

    @Test("The closed form is the projected Hessian-vector product for convolutions", arguments: [3, 60])
    func convolutions(samples: Int) {
        var moved: [[Tensor]] = []
        var reports: [TeleportReport] = []
        let generator = Generator(seed: 7)
        // Few different images leave the patches of the second convolution room.
        let images = Tensor.normal([3, 2, 8, 8], using: generator, dtype: .float64)
        let indices = Tensor((0..<samples).map { Int64($0 % 3) })
        let batch = Batch(
            inputs: images.gathered(0, indices), targets: Tensor((0..<samples).map { Int64($0 % 3) }))
        func model() -> ConvolutionalNetwork {
            ConvolutionalNetwork(
                imageShape: [2, 8, 8], channels: [8, 12], outputs: 3, activation: .tanh, using: Generator(seed: 3),
                dtype: .float64)
        }
        for method in NullSpaceTeleporter.Derivative.allCases {
            let moving = model()
            reports += NullSpaceTeleporter(Climb(steps: 4, stepSize: .growth(0.3), cap: .none), derivative: method)
                .teleport(
                    moving, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))
            moved.append(moving.parameters.map(\.value))
        }
        for (index, (closed, double)) in zip(moved[0], moved[1]).enumerated() {
            let start = model().parameters[index].value
            let scale = max(
                start.doubles().map(\.magnitude).max()!, (double - start).doubles().map(\.magnitude).max()!)
            #expect((closed - double).doubles().map(\.magnitude).max()! <= 1e-9 * scale, "parameter \(index)")
        }
        #expect(relativeDifference(moved[0][2], model().parameters[2].value) > 1e-3, "the second convolution moved")
        for report in reports {
            #expect(report.steps == 4 && report.restored == nil && report.relativeDrift < 1e-10)
            #expect(report.gradientNormSquaredAfter > 1.5 * report.gradientNormSquaredBefore)
            #expect(report.freeDimensions["3"]! > 0)
        }
    }

    /// The direction of a step with the gradient norm as the objective.
    private func direction(of model: MLP, on batch: Batch) throws -> [MovableWeight.Move] {
        let landscape = BatchLoss(model, CrossEntropy(), on: batch)
        let walk = NullSpaceWalk(on: landscape, in: InputNullSpaces(tau: 1), place: ClosedFormPlace.init(on:))
        let point = Point(walk.place(), in: landscape, before: SGD(learningRate: 1))
        let direction = try point.place.direction(of: GradientNorm().gradient(at: point))
        return try #require(direction as? NullSpaceDirection).moves
    }

    @Test("A direction is the gradient of half the squared gradient norm, less what the inputs see")
    func directionByFiniteDifferences() throws {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let (model, batch) = (instance.model(), instance.batch())
        let moves = try direction(of: model, on: batch)
        #expect(moves.count == 4)

        func objective() -> Double {
            LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: model.parameters.map(\.value))
                .squaredNorm() / 2
        }
        // Along a projected direction p the derivative of the objective is <H g, p> = ||p||^2.
        let h = 1e-5
        for move in moves { move.direction.add(to: move.parameter, scale: h) }
        let above = objective()
        for move in moves { move.direction.add(to: move.parameter, scale: -2 * h) }
        let slope = (above - objective()) / (2 * h)
        #expect(abs(slope / moves.map(\.direction).squaredNorm() - 1) < 1e-6)
    }

    @Test("The data layer never moves, and its null space is not computed")
    func dataLayerStays() {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let model = instance.model()
        let before = model.parameters.map { $0.value.clone() }
        let report = NullSpaceTeleporter(Climb(cap: .none)).teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        let moved = zip(model.parameters, before).filter { relativeDifference($0.value, $1) > 0 }.map(\.0.name)
        #expect(moved == ["3.weight", "3.bias", "5.weight", "5.bias"])
        #expect(report.freeDimensions == ["3": 25 - 6, "5": 21 - 6])
        #expect(report.seconds > 0)
    }

    @Test("A growth step grows the squared gradient norm by its rate to first order")
    func growth() {
        for rate in [1e-3, 1e-4] {
            let instance = Instance(hidden: [24, 20], samples: 6)
            let report = NullSpaceTeleporter(Climb(steps: 1, stepSize: .growth(rate), cap: .none)).teleport(
                instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
            let grown = report.gradientNormSquaredAfter / report.gradientNormSquaredBefore - 1
            #expect(abs(grown / rate - 1) < 20 * rate)
        }
    }

    @Test("A fixed step moves by eta times the direction")
    func fixedStep() throws {
        let instance = Instance(hidden: [24], samples: 6)
        let (model, reference) = (instance.model(), instance.model())
        for move in try direction(of: reference, on: instance.batch()) {
            move.direction.add(to: move.parameter, scale: 0.2)
        }
        _ = NullSpaceTeleporter(Climb(steps: 1, stepSize: .fixed(0.2), cap: .none)).teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))
        for (a, b) in zip(model.parameters, reference.parameters) {
            #expect(relativeDifference(a.value, b.value) == 0)
        }
    }

    @Test(
        "A teleport stops at its cap, and lands near it",
        arguments: [Cap.fixed(4), .relative(3), .predicted(0.2)])
    func caps(cap: Cap) {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let optimizer = SGD(learningRate: 0.1)
        let report = NullSpaceTeleporter(Climb(steps: 50, stepSize: .growth(0.1), cap: cap)).teleport(
            instance.model(), CrossEntropy(), on: [instance.batch()], before: optimizer)[0]
        let bound = cap.bound(from: report, before: optimizer)
        #expect(report.gradientNormSquaredBefore < bound)
        #expect(report.steps > 1 && report.steps < 50)
        #expect(report.gradientNormSquaredAfter / bound > 0.99)
        // The last step ends on the cap to first order; ||g||^2 grows a little faster than that.
        #expect(report.gradientNormSquaredAfter / bound < 1.02)
    }

    @Test("Beyond the cap nothing moves")
    func beyondCap() {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let model = instance.model()
        let report = NullSpaceTeleporter(Climb(cap: .fixed(1e-9))).teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        #expect(report.steps == 0 && report.restored == nil)
        #expect(report.lossAfter == report.lossBefore)
        #expect(report.gradientNormSquaredAfter == report.gradientNormSquaredBefore)
        for (a, b) in zip(model.parameters, instance.model().parameters) {
            #expect(relativeDifference(a.value, b.value) == 0)
        }
    }

    @Test("The predicted cap reads the optimizer's own step, and leaves its state alone")
    func predictedCapOfAdam() {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let (model, batch) = (instance.model(), instance.batch())
        let parameters = model.parameters.map(\.value)
        let adam = Adam(learningRate: 1e-3)
        for _ in 0..<3 {
            adam.update(parameters, with: LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: parameters))
        }
        let state = adam.state(of: parameters)
        let gradients = LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: model.parameters.map(\.value))
        let loss = LinearizedLoss(model, CrossEntropy(), on: batch).value.item()
        let share = adam.predictedDecrease(of: parameters, with: gradients) / loss
        let tight = NullSpaceTeleporter(Climb(cap: .predicted(share * 0.99)))
        #expect(tight.teleport(model, CrossEntropy(), on: [batch], before: adam)[0].steps == 0)
        let loose = NullSpaceTeleporter(Climb(cap: .predicted(share * 1.5)))
        #expect(loose.teleport(model, CrossEntropy(), on: [batch], before: adam)[0].steps > 0)
        for (entry, before) in zip(adam.state(of: parameters).entries, state.entries) {
            #expect(entry.stepCount == 3 && before.stepCount == 3)
            #expect(entry.tensors.allSatisfy { relativeDifference($1, before.tensors[$0]!) == 0 })
        }
    }

    @Test("A teleport that drifts is undone to the last bit, and says so")
    func restoresDrift() {
        let instance = Instance(hidden: [24, 20], samples: 40, activation: .relu)
        let model = instance.model()
        // Half of the energy is free to change: the loss cannot stay.
        let teleporter = NullSpaceTeleporter(Climb(stepSize: .growth(2), cap: .none, tolerance: 1e-3), tau: 0.5)
        let report = teleporter.teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        guard case .drifted(let drift, 1e-3) = report.restored else {
            Issue.record("restored: \(String(describing: report.restored))")
            return
        }
        #expect(drift > 1e-3 && drift == report.relativeDrift)
        #expect(report.restored!.description.contains("0.001"))
        for (a, b) in zip(model.parameters, instance.model().parameters) {
            #expect(a.value.doubles() == b.value.doubles())
        }
    }

    @Test("What is not finite is undone, and says so")
    func restoresNonFinite() {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let overflow = NullSpaceTeleporter(Climb(steps: 3, stepSize: .fixed(1e200), cap: .none))
        let model = instance.model()
        let report = overflow.teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        #expect(report.restored != nil)
        for (a, b) in zip(model.parameters, instance.model().parameters) {
            #expect(a.value.doubles() == b.value.doubles())
        }

        let broken = instance.model()
        broken.parameters[2].value.fill(.nan)
        let other = NullSpaceTeleporter().teleport(
            broken, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        #expect(other.restored == .notFinite && other.steps == 0)
    }

    @Test("Over a data set the loss of every batch is held by a look ahead too, which would move what reads the data")
    func datasetScopeOfALookAhead() {
        var instance = Instance(hidden: [64, 48], samples: 3)
        let batches = (0..<3).map { index in
            instance.seed = UInt64(index)
            return instance.batch()
        }
        instance.seed = 0
        for derivative in NullSpaceTeleporter.Derivative.allCases {
            let model = instance.model()
            func losses() -> [Double] { batches.map { CrossEntropy()(model($0.inputs), $0.targets).item() } }
            let before = losses()
            let reports = NullSpaceTeleporter(scope: .dataset, derivative: derivative).teleport(
                model, CrossEntropy(), on: batches,
                in: TeleportContext(before: SGD(learningRate: 0.1), samples: batches))
            #expect(reports.allSatisfy(\.hasMoved) && reports[0].freeDimensions.keys.sorted() == ["3", "5"])
            for (before, after) in zip(before, losses()) { #expect(abs(after / before - 1) < 1e-9) }
        }
    }

    @Test("Over a data set the loss of every batch is held", arguments: [1.0, 0.999999])
    func datasetScope(tau: Double) {
        var instance = Instance(hidden: [64, 48], samples: 8)
        let batches = (0..<3).map { index in
            instance.seed = UInt64(index)
            return instance.batch()
        }
        instance.seed = 0
        let losses = { (model: MLP) in batches.map { CrossEntropy()(model($0.inputs), $0.targets).item() } }
        let teleport = { (scope: NullSpaceTeleporter.Scope) in
            let model = instance.model()
            let before = losses(model)
            let reports = NullSpaceTeleporter(Climb(cap: .none, tolerance: 0.1), tau: tau, scope: scope).teleport(
                model, CrossEntropy(), on: [batches[0], batches[1]],
                in: TeleportContext(before: SGD(learningRate: 1), samples: batches))
            return (reports, zip(before, losses(model)).map { abs($0 - $1) / $0 }.max()!)
        }
        let (reports, drift) = teleport(.dataset)
        #expect(drift < (tau == 1 ? 1e-9 : 0.05))
        #expect(reports.count == 2 && reports.allSatisfy { $0.restored == nil && $0.steps == 8 })
        if tau == 1 { #expect(reports[0].freeDimensions == ["3": 65 - 24, "5": 49 - 24]) }
        // Held on its own batch only, the loss of the others moves.
        #expect(teleport(.batch).1 > 100 * max(drift, 1e-12))
    }

    @Test("In float32 the drift at tau = 1 is rounding", arguments: [32, 2000])
    func driftInFloat32(samples: Int) {
        let generator = Generator(seed: 0)
        let model = MLP(inputs: 100, hidden: [256, 256], outputs: 10, using: generator)
        let batch = Batch(
            inputs: .uniform([samples, 100], using: generator),
            targets: .integers([samples], in: 0..<10, using: generator)
        )
        let report = NullSpaceTeleporter(Climb(cap: .relative(100))).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
        #expect(report.relativeDrift < 1e-5)
        #expect(report.restored == nil)
        if samples == 32 { #expect(report.steps == 8) }
    }

    @Test("A smaller tau frees more dimensions and grows the gradient faster")
    func tau() {
        let instance = Instance(hidden: [24, 20], samples: 20)
        let reports = [1, 0.99, 0.9].map { tau in
            NullSpaceTeleporter(Climb(stepSize: .fixed(0.05), cap: .none, tolerance: 10), tau: tau).teleport(
                instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        }
        for (less, more) in zip(reports, reports.dropFirst()) {
            #expect(less.freeDimensions["3"]! < more.freeDimensions["3"]!)
            #expect(less.gradientNormSquaredAfter < more.gradientNormSquaredAfter)
        }
    }

    @Test("A layer that gives only its forward pass stays where it is while others move")
    func customLayer() {
        struct Gain: Layer {
            let gain: Tensor
            var parameters: [Parameter] { [Parameter("gain", gain)] }
            func callAsFunction(_ x: Tensor) -> Tensor { (x * gain).tanh() }
        }
        let generator = Generator(seed: 1)
        let gain = Tensor.normal([20], using: generator, dtype: .float64)
        let model = Sequential(
            Dense(12, 20, using: generator, dtype: .float64), Gain(gain: gain.clone()),
            Dense(20, 5, using: generator, dtype: .float64))
        let report = NullSpaceTeleporter(Climb(cap: .none)).teleport(
            model, CrossEntropy(), on: [Instance(hidden: [], samples: 6).batch()], before: SGD(learningRate: 1))[0]
        #expect(report.restored == nil && report.steps == 8 && report.relativeDrift < 1e-12)
        #expect(report.gradientNormSquaredAfter > 2 * report.gradientNormSquaredBefore)
        #expect(relativeDifference(model.parameters[2].value, gain) == 0)
    }

    @Test("Mean squared error teleports too")
    func meanSquaredError() {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let targets = Tensor.normal([6, 5], using: Generator(seed: 9), dtype: .float64)
        let batch = Batch(inputs: instance.batch().inputs, targets: targets)
        let report = NullSpaceTeleporter(Climb(cap: .none)).teleport(
            instance.model(), MeanSquaredError(), on: [batch], before: SGD(learningRate: 1))[0]
        #expect(report.relativeDrift < 1e-12 && report.steps == 8)
        #expect(report.gradientNormSquaredAfter > 2 * report.gradientNormSquaredBefore)
    }

    @Test("A teleport and a step after it leave other samples not clearly worse", arguments: [0.1, 0.3, 3])
    func controlSamples(rate: Double) throws {
        // A model that fits its batch well: a larger gradient there is far away for the others.
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let control = Instance(hidden: [], samples: 60, seed: 5).batch()
        let model = instance.model()
        let parameters = model.parameters.map(\.value)
        let batch = instance.batch()
        let optimizer = Momentum(learningRate: 0.1)
        func step() {
            let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
            optimizer.update(parameters, with: loss.gradients(of: parameters))
        }
        for _ in 0..<30 { step() }
        let trained = parameters.map { $0.clone() }
        func velocities() -> [[Double]] {
            optimizer.state(of: parameters).entries.compactMap { $0.tensors["momentum_buffer"]?.doubles() }
        }
        let velocitiesBefore = velocities()
        func controlLosses() -> [Double] {
            let outputs = model(control.inputs)
            return (0..<60).map {
                CrossEntropy()(outputs.narrowed(0, to: $0..<$0 + 1), control.targets.narrowed(0, to: $0..<$0 + 1))
                    .item()
            }
        }
        func mean(_ numbers: [Double]) -> Double { numbers.reduce(0, +) / 60 }
        let before = controlLosses()
        /// The report, the moved parameters, and the losses of the control samples after a step.
        func teleport(_ control: Batch?) throws -> (report: TeleportReport, moved: [[Double]], after: [Double]) {
            for (parameter, value) in zip(parameters, trained) { parameter.copy(from: value) }
            let base = NullSpaceTeleporter(Climb(stepSize: .growth(rate), cap: .none))
            let teleporter: any Teleporter = control.map { ControlledTeleporter(base, by: $0) } ?? base
            let report = teleporter.teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
            #expect(!velocitiesBefore.isEmpty && velocities() == velocitiesBefore, "the trial step is taken back")
            let moved = parameters.map { $0.doubles() }
            let state = optimizer.state(of: parameters)
            step()
            try optimizer.restore(state, for: parameters)
            return (report, moved, controlLosses())
        }
        let free = try teleport(nil)
        #expect(free.report.halvings.control == 0 && free.report.restored == nil)
        #expect(mean(free.after) > mean(before), "without control samples the teleport is too costly")

        let (report, moved, after) = try teleport(control)
        if case .costly(let old, let new) = report.restored {
            #expect(abs(old - mean(before)) < 1e-12 && new > old)
            #expect(report.halvings.control == 3)
            #expect(moved == trained.map { $0.doubles() })
        } else {
            #expect(report.restored == nil && (1...3).contains(report.halvings.control))
            let differences = zip(after, before).map { $0 - $1 }
            let deviations = differences.map { $0 - mean(differences) }
            let error = (mean(deviations.map { $0 * $0 }) / 59).squareRoot()
            #expect(mean(differences) <= 2 * error + 1e-12)
            #expect(report.relativeDrift < 1e-10)
            #expect(report.gradientNormSquaredAfter < free.report.gradientNormSquaredAfter)
        }
    }

    @Test("Losses of samples one by one, and the standard error of what they rise by")
    func controlLosses() {
        let instance = Instance(hidden: [24, 20], samples: 70)
        let (model, batch) = (instance.model(), instance.batch())
        func losses() -> ControlLosses { ControlLosses(of: model, CrossEntropy(), on: batch) }
        let before = losses()
        #expect(abs(before.mean - CrossEntropy().value(of: model, on: batch)) < 1e-12)
        #expect(before.rise(over: before).mean == 0 && !before.areClearlyHigher(than: before))
        let (four, other) = (ControlLosses([1, 2, 3, .nan]), ControlLosses([1.5, 4, 2.5, 7]))
        // Differences of 0.5, 2 and -0.5, whose squares from the mean 2/3 come to 19/6; two of them are free.
        let rise = other.rise(over: four)
        #expect(abs(rise.mean - 2.0 / 3) < 1e-12 && abs(rise.standardError - (19.0 / 36).squareRoot()) < 1e-12)
        #expect(four.mean == 2 && four.areClearlyHigher(than: other), "a loss that is none any more")
        let alone = ControlLosses([1.001]).rise(over: ControlLosses([1]))
        #expect(alone.mean > 0 && alone.standardError == 0)
        #expect(ControlLosses([1.001]).areClearlyHigher(than: ControlLosses([1])))
        // By chance, clearly, and clearly since one sample has exploded.
        let ten = ControlLosses(Array(repeating: 1, count: 10))
        func plus(_ rises: [Double]) -> ControlLosses { ControlLosses(rises.map { 1 + $0 }) }
        let noise = (0..<10).map { $0.isMultiple(of: 2) ? 0.002 : -0.001 }
        #expect(!plus(noise).areClearlyHigher(than: ten))
        #expect(plus(noise.map { $0 + 0.001 }).areClearlyHigher(than: ten))
        #expect(plus(Array(repeating: -1e-6, count: 9) + [1e6]).areClearlyHigher(than: ten))
    }

    @Test("After eight moves in a row that other samples leave nothing of, a teleport ends")
    func rejectionsInARow() {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let control = Instance(hidden: [], samples: 60, seed: 5).batch()
        let fitted = instance.batch()
        func trained() -> MLP {
            let model = instance.model()
            let step = TrainingStep(model, CrossEntropy(), Momentum(learningRate: 0.1))
            for _ in 0..<30 { step(on: fitted) }
            return model
        }
        func reports(_ climb: Climb, on batches: [Batch], controlled: Bool = true) -> [TeleportReport] {
            let base = NullSpaceTeleporter(climb)
            let teleporter: any Teleporter = controlled ? ControlledTeleporter(base, by: control) : base
            return teleporter.teleport(trained(), CrossEntropy(), on: batches, before: SGD(learningRate: 30))
        }
        let costly = Climb(stepSize: .growth(3), cap: .none)
        let ended = reports(costly, on: Array(repeating: fitted, count: 10))
        #expect(ended.map(\.endsTeleport) == Array(repeating: false, count: 7) + [true])
        #expect(
            ended.allSatisfy {
                if case .costly = $0.restored { true } else { false }
            })
        #expect(ended[7].description.hasSuffix("the teleport ends"))
        #expect(reports(costly, on: Array(repeating: fitted, count: 10), controlled: false).count == 10)
        // A batch that no step is taken on says nothing of the others.
        let idle = Climb(steps: 0, cap: .none)
        let idling = reports(idle, on: Array(repeating: fitted, count: 10))
        #expect(idling.count == 10 && idling.allSatisfy { !$0.endsTeleport })
    }

    @Test("Moves that other samples take back have fewer steps, and more again once they stay")
    func stepsAfterRejections() {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let kept = instance.batch()
        // A step for these labels is one away from those of the control samples, however short the move.
        let labels = kept.targets.elements(as: Int64.self).map { ($0 + 1) % Int64(Instance.outputs) }
        let mislabelled = Batch(inputs: kept.inputs, targets: Tensor(labels))
        func reports(_ batches: [Batch], by samples: Batch, steps: Int = 8) -> [TeleportReport] {
            let climb = Climb(steps: steps, stepSize: .growth(0.1), cap: .none)
            return ControlledTeleporter(NullSpaceTeleporter(climb), by: samples).teleport(
                instance.model(), CrossEntropy(), on: batches, before: SGD(learningRate: 1e-3))
        }
        let all = reports([mislabelled, mislabelled] + Array(repeating: kept, count: 4), by: kept)
        #expect(all.map(\.steps) == [8, 4, 2, 4, 8, 8])
        #expect(all.map(\.hasMoved) == [false, false, true, true, true, true])
        #expect(all.map(\.ending) == [.steps, .fewerSteps, .fewerSteps, .fewerSteps, .steps, .steps])
        // What it costs falls with the steps, and never are there none.
        let rejected = reports(Array(repeating: mislabelled, count: 6), by: kept)
        #expect(rejected.map(\.steps) == [8, 4, 2, 1, 1, 1])
        // Less than an eighth of a move is not looked for.
        #expect(rejected.map(\.halvings.control) == [3, 2, 1, 0, 0, 0])
        #expect(rejected[3].gradientEvaluations < 0.4 * rejected[0].gradientEvaluations)
        // Where there are few steps, the halvings are those of the move.
        for (steps, expected) in [(1, [3, 3, 3]), (2, [3, 2, 2]), (4, [3, 2, 1])] {
            let few = reports(Array(repeating: mislabelled, count: 3), by: kept, steps: steps)
            #expect(few.map(\.halvings.control) == expected)
            #expect(few.map(\.ending) == few.map { $0.steps == steps ? .steps : .fewerSteps })
        }
    }

    @Test("A step after which the gradient has grown far more than asked is taken back in part")
    func overshooting() {
        /// In front of a steep function a small step makes a large difference.
        struct Steep: Layer {
            func callAsFunction(_ x: Tensor) -> Tensor { (x * 6).exponential() }
        }
        let generator = Generator(seed: 3)
        let model = Sequential(
            Dense(5, 12, using: generator, dtype: .float64), Tanh(),
            Dense(12, 3, using: generator, dtype: .float64), Steep())
        let batch = Batch(
            inputs: .normal([4, 5], using: generator, dtype: .float64),
            targets: .normal([4, 3], using: generator, dtype: .float64))
        func norm() -> Double {
            LinearizedLoss(model, MeanSquaredError(), on: batch).gradients(of: model.parameters.map(\.value))
                .squaredNorm()
        }
        let stepSize = StepSize.growth(3)
        let teleporter = NullSpaceTeleporter(Climb(steps: 6, stepSize: stepSize, cap: .none))
        var last = norm()
        var growths: [Double] = []
        let context = TeleportContext(before: SGD(learningRate: 0.1)) { _ in
            growths.append(norm() / last)
            last = norm()
        }
        let report = teleporter.teleport(model, MeanSquaredError(), on: [batch], in: context)[0]
        #expect(report.steps == 6 && growths.count == 6)
        #expect(growths.allSatisfy { $0 > 1 && $0 <= stepSize.largestGrowth(limit: .infinity) }, "\(growths)")
        #expect(stepSize.largestGrowth(limit: 1.1) < 1.5, "a cap that is near allows little")
        #expect(StepSize.fixed(1).largestGrowth(limit: 1.1) == .infinity, "a fixed step is as published")
    }

    @Test("Control samples that lose nothing change nothing")
    func freeControlSamples() {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let models = [nil, instance.batch()].map { control in
            let model = instance.model()
            let base = NullSpaceTeleporter(Climb(cap: .none))
            let teleporter: any Teleporter = control.map { ControlledTeleporter(base, by: $0) } ?? base
            let report = teleporter.teleport(
                model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 0.1))[0]
            #expect(report.halvings.total == 0 && report.restored == nil && report.steps == 8)
            return model
        }
        for (a, b) in zip(models[0].parameters, models[1].parameters) {
            #expect(a.value.doubles() == b.value.doubles())
        }
    }

    @Test("A layer that begins to move in a later step is set back too")
    func restoresLateMovers() {
        // The units of the last hidden layer that the loss sees do not see the layers before, and the other way round: at
        // first only the last layer moves, and so lets the loss see the others.
        func model() -> MLP {
            let model = MLP(
                inputs: 4, hidden: [16, 16, 16], outputs: 3, activation: .tanh, using: Generator(seed: 2),
                dtype: .float64)
            model.parameters[6].value.narrowed(1, to: 0..<8).fill(0)
            model.parameters[4].value.narrowed(0, to: 8..<16).fill(0)
            return model
        }
        let batch = Batch(inputs: .ones([1, 4], dtype: .float64), targets: Tensor([1] as [Int64]))
        let moving = model()
        func teleport(_ steps: Int, _ eta: Double) -> TeleportReport {
            NullSpaceTeleporter(Climb(steps: steps, stepSize: .fixed(eta), cap: .none, tolerance: 0)).teleport(
                moving, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))[0]
        }
        func movedParameters() -> [String] {
            zip(moving.parameters, model().parameters).filter { relativeDifference($0.value, $1.value) > 0 }.map(
                \.0.name)
        }
        _ = teleport(1, 1)
        #expect(movedParameters() == ["7.weight", "7.bias"])
        _ = teleport(1, 1)
        #expect(movedParameters().count == 6, "in the second step the layers before move too")

        for (a, b) in zip(moving.parameters, model().parameters) { a.value.copy(from: b.value) }
        // No drift is small enough for a tolerance of zero after steps as long as these.
        let report = teleport(4, 1e9)
        #expect(report.restored != nil)
        for (a, b) in zip(moving.parameters, model().parameters) {
            #expect(a.value.doubles() == b.value.doubles(), "\(a.name)")
        }
    }

    @Test("Both methods hold a data set, and neither moves the layer that reads it")
    func datasetScopeOfBothMethods() {
        var instance = Instance(hidden: [64, 48], samples: 8)
        let batches = (0..<3).map { index in
            instance.seed = UInt64(index)
            return instance.batch()
        }
        instance.seed = 0
        let start = instance.model().parameters.map(\.value)
        let moved = NullSpaceTeleporter.Derivative.allCases.map { method in
            let model = instance.model()
            let reports = NullSpaceTeleporter(Climb(steps: 3, cap: .none), scope: .dataset, derivative: method)
                .teleport(
                    model, CrossEntropy(), on: batches,
                    in: TeleportContext(before: SGD(learningRate: 1), samples: batches))
            for report in reports {
                #expect(report.restored == nil && report.relativeDrift < 1e-9)
                #expect(report.freeDimensions.keys.sorted() == ["3", "5"])
            }
            #expect(relativeDifference(model.parameters[0].value, start[0]) == 0)
            return model.parameters.map(\.value)
        }
        for (closed, double) in zip(moved[0], moved[1]) { #expect(relativeDifference(closed, double) < 1e-7) }
    }

    @Test("Affine maps of one name have null spaces of their own")
    func namesNeedNotBeUnique() {
        /// Two dense layers whose maps a careless author gives no names.
        struct Block: Layer {
            let first: Dense
            let second: Dense
            var parameters: [Parameter] { first.parameters + second.parameters }
            func callAsFunction(_ x: Tensor) -> Tensor { second(first(x).tanh()) }
            func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
                Sequential(first, Tanh(), second).linearize(x)
            }
        }
        let generator = Generator(seed: 1)
        let block = Block(
            first: Dense(20, 50, using: generator, dtype: .float64),
            second: Dense(50, 5, using: generator, dtype: .float64))
        let model = Sequential(Dense(12, 20, using: generator, dtype: .float64), Tanh(), block)
        let report = NullSpaceTeleporter(Climb(cap: .none)).teleport(
            model, CrossEntropy(), on: [Instance(hidden: [], samples: 6).batch()], before: SGD(learningRate: 1))[0]
        #expect(report.restored == nil && report.steps == 8 && report.relativeDrift < 1e-12)
    }
}
