import Foundation
import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// The first derivative of a function of one number at zero, by central differences of eighth order.
private func derivative(step: Double, of function: (Double) throws -> Double) rethrows -> Double {
    let coefficients = [4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280]
    return try coefficients.enumerated().map { index, coefficient in
        let position = Double(index + 1) * step
        return coefficient * (try function(position) - function(-position)) / step
    }.reduce(0, +)
}

/// The curvature of the level set along the orbit, PS24 eqs. 5, 47, 51, 57 and 60.
@Suite struct CurvatureTests {
    @Test("A circle and an ellipse have the curvatures that geometry gives them")
    func planeCurves() {
        let (a, b, angle) = (3.0, 0.5, 0.7)
        func parts(_ x: Double, _ y: Double) -> [Tensor] { [x, y].map { Tensor($0, dtype: .float64) } }
        for (a, b) in [(a, a), (a, b)] {
            let (c, s) = (cos(angle), sin(angle))
            let curve = CurveDerivatives(
                first: parts(-a * s, b * c), second: parts(-a * c, -b * s), third: parts(a * s, -b * c))
            let speed = a * a * s * s + b * b * c * c
            let expectedCurvature = a * b / pow(speed, 1.5)
            #expect(abs(curve.curvature / expectedCurvature - 1) < 1e-14)
            let expected = -3 * a * b * (a * a - b * b) * s * c / pow(speed, 2.5)
            #expect(abs(curve.curvatureDerivative - expected) < 1e-13)
        }
    }

    @Test("The published program's numbers") func golden() throws {
        let fixture = try GoldenClassifier.load()
        let curve = try Curvature.curve(
            of: fixture.model(), on: fixture.batch.inputs, along: fixture.curvature.M.map { matrix($0) })
        func norm(_ parts: [Tensor]) -> Double { parts.map { $0.squaredNorm() }.total().squareRoot() }
        #expect(abs(curve.curvature / fixture.curvature.kappa - 1) < 1e-6)
        #expect(abs(norm(curve.first) / fixture.curvature.gamma1Norm - 1) < 1e-6)
        #expect(abs(norm(curve.second) / fixture.curvature.gamma2Norm - 1) < 1e-6)
    }

    static let instances: [Instance] = [Activation.leakyReLU(slope: 0.1), .tanh, .sigmoid].flatMap { activation in
        // Fewer samples than inputs, and more; one pair of layers, and two.
        [([7], 6, true), ([7], 30, false), ([9, 7], 6, true), ([6, 5], 40, true), ([9, 7], 8, false)].map {
            Instance(hidden: $0, samples: $1, bias: $2, activation: activation)
        }
    }

    private func elements(_ instance: Instance) -> [Tensor] {
        let generator = Generator(seed: 5)
        return instance.hidden.map { Tensor.uniform([$0, $0], using: generator, dtype: .float64) * (2 / Double($0)) }
    }

    /// The weights, with the bias as the last column, where the pairs' elements have moved them.
    private func weights(_ instance: Instance, _ elements: [Tensor]) throws -> [Tensor] {
        try ReferenceAction(action: .exact, activation: instance.activation, rows: instance.batch().inputs).transformed(
            augmentedLayers(instance.model().parameters.map(\.value), hasBias: instance.bias), by: elements,
            hasBias: instance.bias)
    }

    /// The step of differences: the inverse of LeakyReLU has a kink, from which the samples are to stay away.
    private func step(_ instance: Instance) -> Double {
        if case .leakyReLU = instance.activation { 1e-5 } else { 1e-3 }
    }

    @Test("The closed forms are the derivatives of exp(t M) . w by autograd", arguments: instances)
    func derivatives(instance: Instance) throws {
        let elements = elements(instance)
        let curve = try Curvature.curve(of: instance.model(), on: instance.batch().inputs, along: elements)
        let orders = [curve.first, curve.second, curve.third].map { augmentedLayers($0, hasBias: instance.bias) }
        let start = try weights(instance, elements.map { Tensor.zeros(like: $0) })
        let (generator, t) = (Generator(seed: 4), Tensor(0, dtype: .float64))
        for layer in start.indices {
            let covector = Tensor.normal(start[layer].shape, using: generator, dtype: .float64)
            let slopes = try withGradients(of: [t]) {
                // The moves of the pairs, each from w.
                var value = try elements.indices.map { pair in
                    let alone = elements.indices.map { elements[$0] * ($0 == pair ? t : Tensor.zeros(like: t)) }
                    return ((try weights(instance, alone)[layer] - start[layer]) * covector).sum()
                }.reduce(Tensor(0, dtype: .float64)) { $0 + $1 }
                return orders.map { _ in
                    value = Torch.gradient(of: value, with: [t], createGraph: true)[0]
                    return value.item()
                }
            }
            for (order, slope) in slopes.enumerated() {
                let part = orders[order][layer]
                let scale = (part.squaredNorm().item() * covector.squaredNorm().item()).squareRoot()
                #expect(abs(part.dot(covector).item() - slope) < 1e-10 * scale, "order \(order + 1), layer \(layer)")
            }
        }
    }

    @Test(
        "The derivative of the curvature is that along the curve",
        arguments: instances.filter { $0.hidden.count == 1 && $0.samples < Instance.inputs })
    func derivativeOfCurvature(instance: Instance) throws {
        let (model, inputs, elements) = (instance.model(), instance.batch().inputs, elements(instance))
        let curve = try Curvature.curve(of: model, on: inputs, along: elements)
        let expected = try derivative(step: step(instance)) { time in
            // On an orbit the curve through a later point of it is the rest of the curve.
            for (index, weight) in try weights(instance, elements.map { $0 * time }).enumerated() {
                let width = weight.size(1) - 1
                model.parameters[2 * index].value.copy(from: weight.narrowed(1, to: 0..<width))
                model.parameters[2 * index + 1].value.copy(from: weight.selected(1, width))
            }
            return try Curvature.curve(of: model, on: inputs, along: elements).curvature
        }
        #expect(abs(curve.curvatureDerivative / expected - 1) < 1e-8)
    }

    @Test("The gradient is that of the value, through hidden layers and their pseudo-inverses", arguments: instances)
    func gradients(instance: Instance) throws {
        let (model, inputs) = (instance.model(), instance.batch().inputs)
        let parameters = model.parameters.map(\.value)
        let curvature = Curvature(curves: 2, seed: 3)
        let gradients = try curvature.gradient(of: model, on: inputs)
        let directions = Array(UnitDirections(parameters: parameters, count: 2, seed: 1))
        for direction in directions {
            let expected = try derivative(step: step(instance)) { distance in
                let saved = SavedParameters(parameters)
                defer { saved.restore() }
                for (parameter, part) in zip(parameters, direction) { parameter.addInPlace(part, scale: distance) }
                return try curvature.value(of: model, on: inputs)
            }
            let slope = zip(gradients, direction).map { $0.dot($1) }.total()
            #expect(abs(slope / expected - 1) < 1e-6, "\(slope) \(expected)")
        }
        let (value, again) = (
            try curvature.value(of: model, on: inputs), try curvature.value(of: model, on: inputs)
        )
        let other = try Curvature(curves: 2, seed: 4).value(of: model, on: inputs)
        #expect(value > 0 && value == again && value != other)
    }

    @Test("Teleports raise and lower it, and hold the loss", arguments: Climb.Sense.allCases, GroupAction.allCases)
    func teleports(sense: Climb.Sense, action: GroupAction) throws {
        for activation in [Activation.leakyReLU(slope: 0.1), .tanh, .sigmoid] {
            let instance = Instance(hidden: [16, 11], samples: 8, activation: activation)
            let (model, batch) = (instance.model(), instance.batch())
            let curvature = Curvature(curves: 2, seed: 9)
            let before = try curvature.value(of: model, on: batch.inputs)
            let report = SymmetryTeleporter(.curvature(curvature, sense: sense), action: action).teleport(
                model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
            #expect(report.restored == nil && report.steps > 0, "\(activation): \(report)")
            #expect(report.relativeDrift < 1e-9 && report.objective == "curvature")
            let after = try curvature.value(of: model, on: batch.inputs)
            #expect(abs(try #require(report.objectiveBefore) / before - 1) < 1e-12)
            #expect(abs(try #require(report.objectiveAfter) / after - 1) < 1e-9)
            #expect(
                sense == .increase ? after > 1.02 * before : after < before / 1.02, "\(activation): \(before) \(after)")
        }
    }

    @Test("Methods that are not along the orbit, and activations that are no bijections, are refused")
    func refusals() {
        let optimizer = SGD(learningRate: 0.1)
        let tanh = Instance(hidden: [8, 7], samples: 4).model()
        let relu = Instance(hidden: [8, 7], samples: 4, activation: .relu).model()
        for teleporter in [
            NullSpaceTeleporter(.curvature()), LevelSetTeleporter(.curvature()), GaugeTeleporter(.curvature()),
        ] as [any Teleporter] {
            #expect(throws: ObjectiveRefusal.noOrbit(objective: "curvature")) {
                try teleporter.check(relu, before: optimizer)
            }
        }
        for action in GroupAction.allCases {
            let teleporter = SymmetryTeleporter(.curvature(), action: action)
            #expect(throws: Never.self) { try teleporter.check(tanh, before: optimizer) }
            #expect(throws: ObjectiveRefusal.notBijective(.relu)) { try teleporter.check(relu, before: optimizer) }
        }
        #expect(throws: SymmetryRefusal.notBijective(.relu)) {
            try Curvature().value(of: relu, on: Instance(hidden: [8, 7], samples: 4).batch().inputs)
        }
    }

    @Test("Samples that are no numbers have no curvature, and a teleport on them is taken back")
    func notANumber() throws {
        let instance = Instance(hidden: [8, 7], samples: 4)
        let (model, batch) = (instance.model(), instance.batch())
        batch.inputs.fill(.nan)
        let value = try Curvature().value(of: model, on: batch.inputs)
        let gradients = try Curvature().gradient(of: model, on: batch.inputs)
        #expect(value.isNaN && gradients.allSatisfy { !$0.isAllFinite() })
        let report = SymmetryTeleporter(.curvature()).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
        #expect(report.restored == .notFinite)
    }
}
