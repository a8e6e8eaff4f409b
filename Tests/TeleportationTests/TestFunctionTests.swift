import Foundation
import Testing
import Torch

@testable import Teleportation

/// A test function, and points to look at it from.
enum Landscape: String, CaseIterable, Sendable {
    case rosenbrock, booth, ellipse, planarForm, ellipsoid, form

    static let planar: [Landscape] = [.rosenbrock, .booth, .ellipse, .planarForm]
    static let quadratic: [Landscape] = [.booth, .ellipse, .planarForm, .ellipsoid, .form]

    func function() throws -> any TestFunction {
        self == .rosenbrock ? Rosenbrock() : try quadraticFunction()
    }

    func quadraticFunction() throws -> any QuadraticTestFunction {
        switch self {
        case .rosenbrock, .booth: Booth()
        case .ellipse: Ellipse(scales: [1, -3])
        case .planarForm: try QuadraticForm(Tensor([3, 1.5, 1.5, 1] as [Double], shape: [2, 2]))
        case .ellipsoid: Ellipse(scales: [0.5, 2, -4, 1, 3])
        case .form: try QuadraticForm(matrix(of: 30))
        }
    }

    /// A positive definite matrix, `[n, n]`.
    func matrix(of dimension: Int) -> Tensor {
        let factor = Tensor.normal([dimension, dimension], using: Generator(seed: 3), dtype: .float64)
        return factor.matmul(factor.transposed()) + .identity(dimension, dtype: .float64)
    }

    func points(_ count: Int, seed: UInt64 = 0) throws -> [[Double]] {
        let (dimension, generator) = (try function().dimension, Generator(seed: seed))
        return (0..<count).map { _ in (Tensor.normal([dimension], using: generator, dtype: .float64) * 2).doubles() }
    }
}

/// What published numbers say; test-functions.json.
private struct Fixture: Decodable {
    let start: [Double]
    let learningRate: Double
    let gd: [Descent]
    let theta0: Double
    let thetaLearningRate: Double
    let teleport: [Ascent]

    struct Descent: Decodable {
        let step: Int
        let x, y, loss, gradientNormSquared: Double
    }

    struct Ascent: Decodable {
        let theta, x, y, loss, gradientNormSquared, dTheta: Double
    }

    static func load() throws -> [String: Fixture] {
        let url = try #require(
            Bundle.module.url(forResource: "test-functions", withExtension: "json", subdirectory: "Fixtures"))
        return try JSONDecoder().decode([String: Fixture].self, from: Data(contentsOf: url))
    }
}

/// The derivative at zero, with an error of the order of the eighth power of the width.
private func derivative(width: Double = 0.01, of function: (Double) -> [Double]) -> [Double] {
    var sum = function(0).map { _ in 0.0 }
    for (index, weight) in [4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280].enumerated() {
        let offset = width * Double(index + 1)
        sum = moved(sum, along: function(offset), by: weight / width)
        sum = moved(sum, along: function(-offset), by: -weight / width)
    }
    return sum
}

private func distance(_ first: [Double], _ second: [Double]) -> Double {
    squaredNorm(moved(first, along: second, by: -1)).squareRoot()
}

private func length(_ vector: [Double]) -> Double { squaredNorm(vector).squareRoot() }

private func cosine(_ first: [Double], _ second: [Double]) -> Double {
    dot(first, second) / (length(first) * length(second))
}

private func isClose(_ value: Double, _ expected: Double, _ tolerance: Double = 1e-9) -> Bool {
    abs(value - expected) <= tolerance * abs(expected)
}

/// An orthogonal matrix, `[n, n]`.
private func rotation(_ dimension: Int, _ generator: Generator) -> Tensor {
    Tensor.normal([dimension, dimension], using: generator, dtype: .float64).orthonormalized()
}

@Suite struct TestFunctions {
    @Test("The losses are those of the papers")
    func values() throws {
        #expect(Rosenbrock().value(at: [2, -1]) == 100 * 25 + 1)
        #expect(Booth().value(at: [2, -1]) == 49 + 4)
        #expect(Ellipse(scales: [1, -3]).value(at: [2, -1]) == 4 + 9)
        let form = try Landscape.planarForm.function()
        #expect(isClose(form.value(at: [2, -1]), 3 * 4 - 2 * 1.5 * 2 + 1, 1e-14))
        let (large, points) = (try Landscape.form.function(), try Landscape.form.points(3))
        for point in points {
            #expect(isClose(large.value(at: point), dot(point, product(Landscape.form.matrix(of: 30), point)), 1e-12))
        }
        for landscape in Landscape.allCases {
            let function = try landscape.function()
            #expect(function.value(at: function.minimum) == 0)
            #expect(length(function.gradient(at: function.minimum)) == 0)
        }
    }

    @Test("Derivatives are those of finite differences", arguments: Landscape.allCases)
    func derivatives(landscape: Landscape) throws {
        let function = try landscape.function()
        let points = try landscape.points(4)
        for (point, direction) in zip(points, try landscape.points(4, seed: 1)) {
            func check(_ value: [Double], _ map: ([Double]) -> [Double]) {
                let expected = derivative { map(moved(point, along: direction, by: $0)) }
                #expect(distance(value, expected) <= 1e-10 * max(length(expected), 1))
            }
            check([dot(function.gradient(at: point), direction)]) { [function.value(at: $0)] }
            check(function.hessianVectorProduct(at: point, with: direction)) { function.gradient(at: $0) }
            let tangent = function.coordinateTangent(at: point, along: direction)
            check(tangent) { function.coordinates(of: $0) }
            #expect(distance(function.pointTangent(at: point, along: tangent), direction) <= 1e-11 * length(direction))
            let back = function.point(withCoordinates: function.coordinates(of: point))
            #expect(distance(back, point) <= 1e-12 * length(point))
            let hessian = function.hessian(at: point)
            #expect(relativeDifference(hessian, hessian.transposed()) <= 1e-13)
            #expect(
                distance(product(hessian, direction), function.hessianVectorProduct(at: point, with: direction))
                    <= 1e-12 * length(product(hessian, direction)))
        }
    }

    @Test("Orthogonal matrices act as a group that leaves the loss alone", arguments: Landscape.allCases)
    func action(landscape: Landscape) throws {
        let (function, generator) = (try landscape.function(), Generator(seed: 2))
        for point in try landscape.points(10) {
            let (first, second) = (rotation(point.count, generator), rotation(point.count, generator))
            let moved = function.transformed(point, by: first)
            #expect(distance(moved, point) > 1e-3)
            #expect(isClose(function.value(at: moved), function.value(at: point), 1e-12))
            let twice = function.transformed(moved, by: second)
            let atOnce = function.transformed(point, by: second.matmul(first))
            #expect(distance(twice, atOnce) <= 1e-11 * length(atOnce))
            let jacobian = function.actionJacobian(at: point, by: first)
            let expected = derivative { function.transformed([point[0] + $0] + point.dropFirst(), by: first) }
            #expect(distance(jacobian.selected(1, 0).doubles(), expected) <= 1e-9 * length(expected))
        }
    }

    @Test("A quadratic form acts by the roots of its matrix (ST22 eq. 15)")
    func roots() throws {
        let matrix = Landscape.form.matrix(of: 30)
        let form = try QuadraticForm(matrix)
        for vector in try Landscape.form.points(3) {
            let twice = form.rootProduct(with: form.rootProduct(with: vector))
            #expect(distance(twice, product(matrix, vector)) <= 1e-12 * length(twice))
            #expect(dot(vector, form.rootProduct(with: vector)) > 0)
            #expect(distance(form.inverseRootProduct(with: form.rootProduct(with: vector)), vector) < 1e-11)
        }
    }

    @Test("A matrix that is symmetric to its own resolution is symmetric")
    func singlePrecision() throws {
        let basis = rotation(20, Generator(seed: 5))
        let exact = (basis * Tensor((1...20).map(Double.init))).matmul(basis.transposed())
        let rounding = Tensor.normal([20, 20], using: Generator(seed: 6)) * 1e-6
        let matrix = exact.to(dtype: .float32) + rounding
        #expect(relativeDifference(matrix, matrix.transposed()) > 1e-8)
        let form = try QuadraticForm(matrix)
        for point in try Landscape.form.points(3).map({ Array($0.prefix(20)) }) {
            #expect(isClose(form.value(at: point), dot(point, product(matrix, point)), 1e-12))
        }
    }

    @Test("What does not fit traps")
    func traps() async {
        await #expect(processExitsWith: .failure) { _ = Rosenbrock().gradient(at: [1, 2, 3]) }
        await #expect(processExitsWith: .failure) { _ = Booth().value(at: [1]) }
        await #expect(processExitsWith: .failure) { _ = Ellipse(scales: [1, 0]) }
        await #expect(processExitsWith: .failure) {
            _ = LevelCircle(of: Ellipse(scales: [1, 2, 3]), through: [1, 1, 1])
        }
        await #expect(processExitsWith: .failure) {
            _ = try QuadraticForm(Tensor([1, 2, 0, 1] as [Double], shape: [2, 2]))
        }
        await #expect(processExitsWith: .failure) {
            _ = try QuadraticForm(Tensor([1, 2, 2, 1] as [Double], shape: [2, 2]))
        }
    }
}

@Suite struct LevelCircleTests {
    @Test("Rotations leave the loss alone", arguments: Landscape.planar)
    func invariance(landscape: Landscape) throws {
        func check(_ function: some TestFunction) throws {
            for point in try landscape.points(10) {
                let circle = LevelCircle(of: function, through: point)
                let angles = Tensor.uniform([20], in: -10..<10, using: Generator(seed: 4), dtype: .float64).doubles()
                for angle in angles {
                    let moved = circle.point(at: angle)
                    #expect(isClose(function.value(at: moved), function.value(at: point), 1e-12))
                    let rotation = Tensor([cos(angle), -sin(angle), sin(angle), cos(angle)], shape: [2, 2])
                    #expect(distance(function.transformed(point, by: rotation), moved) <= 1e-13 * max(length(moved), 1))
                }
            }
        }
        try check(landscape.function())
    }

    @Test("The derivative is that of finite differences", arguments: Landscape.planar)
    func derivatives(landscape: Landscape) throws {
        func check(_ function: some TestFunction) throws {
            for point in try landscape.points(10) {
                let circle = LevelCircle(of: function, through: point)
                for angle in [-2.5, 0, 0.7, 3] {
                    let scale = circle.squaredGradientNorm(at: angle)
                    let expected = derivative { [circle.squaredGradientNorm(at: angle + $0)] }[0]
                    #expect(abs(circle.derivative(at: angle) - expected) <= 1e-10 * max(scale, abs(expected)))
                }
            }
        }
        try check(landscape.function())
    }

    @Test("The exact maximum is one: nothing on the level set is steeper", arguments: Landscape.planar)
    func maximum(landscape: Landscape) throws {
        func check(_ function: some TestFunction) throws {
            for (index, point) in try landscape.points(10).enumerated() {
                // From near the minimum, where the Rosenbrock function is almost quadratic, to far from it.
                let point = moved(function.minimum, along: point, by: pow(10, Double(index % 3) - 2))
                let circle = LevelCircle(of: function, through: point)
                let angle = circle.steepestAngle()
                let steepest = function.steepestPoint(onLevelSetOf: point)
                let norm = function.squaredGradientNorm(at: steepest)
                #expect(isClose(function.value(at: steepest), function.value(at: point), 1e-12))
                #expect(isClose(circle.squaredGradientNorm(at: angle), norm, 1e-12))
                // What the rounding of the angle and of the derivative leaves.
                #expect(abs(circle.derivative(at: angle)) <= 1e-12 * norm)
                let grid = (0..<2000).map { circle.squaredGradientNorm(at: 2 * Double.pi * Double($0) / 2000) }
                let greatest = try #require(grid.max())
                #expect(greatest <= norm * (1 + 1e-13))
                #expect(greatest >= norm * (1 - 1e-4))
                #expect(function.steepestPoint(onLevelSetOf: function.minimum) == function.minimum)
                #expect(length(function.levelSetSlope(at: steepest)) <= 1e-10 * norm)
            }
        }
        try check(landscape.function())
    }

    @Test("A point that is the steepest stays where it is", arguments: Landscape.allCases)
    func steepestStays(landscape: Landscape) throws {
        let function = try landscape.function()
        for point in try landscape.points(5) {
            let steepest = function.steepestPoint(onLevelSetOf: point)
            let again = function.steepestPoint(onLevelSetOf: steepest)
            #expect(distance(again, steepest) <= 1e-7 * length(steepest))
        }
        let circle = Ellipse(scales: [2, -2])
        #expect(circle.steepestPoint(onLevelSetOf: [3, 4]) == [3, 4])
        let level = LevelCircle(of: circle, through: [3, 4])
        #expect(isClose(level.squaredGradientNorm(at: level.steepestAngle()), 16 * 100, 1e-14))
    }

    @Test("Gradient ascent on theta is that of the published implementation")
    func publishedAscent() throws {
        let fixtures = try Fixture.load()
        func check(_ function: some TestFunction, _ name: String) throws {
            let fixture = try #require(fixtures[name])
            let circle = LevelCircle(of: function, through: fixture.start)
            #expect(fixture.teleport.count == 10)
            for (index, state) in fixture.teleport.enumerated() {
                let point = circle.point(at: state.theta)
                #expect(distance(point, [state.x, state.y]) <= 1e-9 * length(point))
                #expect(isClose(function.value(at: point), state.loss))
                #expect(isClose(circle.squaredGradientNorm(at: state.theta), state.gradientNormSquared))
                #expect(isClose(circle.derivative(at: state.theta), state.dTheta))
                let rate = fixture.thetaLearningRate
                let next = circle.ascend(from: state.theta, learningRate: rate, steps: 1)
                #expect(next.count == 2 && next[0] == state.theta)
                if index < 9 { #expect(isClose(next[1], fixture.teleport[index + 1].theta)) }
            }
        }
        try check(Rosenbrock(), "rosenbrock")
        try check(Booth(), "booth")

        // The ten steps in one run only for Booth: on the Rosenbrock function a change of the last digit of theta grows
        // by a factor of 1e7 with each step.
        let fixture = try #require(fixtures["booth"])
        #expect(fixture.theta0 == fixture.teleport[0].theta)
        let circle = LevelCircle(of: Booth(), through: fixture.start)
        let angles = circle.ascend(from: fixture.theta0, learningRate: fixture.thetaLearningRate, steps: 9)
        #expect(angles.count == 10)
        for (angle, state) in zip(angles, fixture.teleport) { #expect(isClose(angle, state.theta)) }
    }

    @Test("Gradient ascent with a small learning rate ends at a maximum")
    func ascent() throws {
        let circle = LevelCircle(of: Booth(), through: [5, -5])
        let angles = circle.ascend(from: 0.7, learningRate: 1e-5, steps: 2000)
        let norms = angles.map(circle.squaredGradientNorm)
        #expect(zip(norms, norms.dropFirst()).allSatisfy { $1 >= $0 * (1 - 1e-14) })
        let steepest = circle.squaredGradientNorm(at: circle.steepestAngle())
        #expect(isClose(steepest, 4 * 9 * 144, 1e-13))
        #expect(isClose(norms[2000], steepest, 1e-13))
    }
}

@Suite struct DescentPathTests {
    @Test("Gradient descent is that of the published implementation")
    func published() throws {
        let fixtures = try Fixture.load()
        func check(_ function: some TestFunction, _ name: String) throws {
            let fixture = try #require(fixtures[name])
            let steps = try #require(fixture.gd.last).step
            let path = function.descend(from: fixture.start, learningRate: fixture.learningRate, steps: steps)
            #expect(path.states.count == steps + 1 && path.teleports.isEmpty)
            for expected in fixture.gd {
                let state = path.states[expected.step]
                #expect(distance(state.point, [expected.x, expected.y]) <= 1e-9 * length(state.point))
                #expect(isClose(state.loss, expected.loss))
                #expect(isClose(state.squaredGradientNorm, expected.gradientNormSquared))
            }
        }
        try check(Rosenbrock(), "rosenbrock")
        try check(Booth(), "booth")
    }

    @Test("Teleports take place when they are due, and the path goes on from where they end")
    func schedule() throws {
        let booth = Booth()
        var asked: [[Double]] = []
        let path = booth.descend(from: [5, -5], learningRate: 0.08, steps: 10, teleportAt: [5, 2, 10]) { point in
            asked.append(point)
            return LevelCircle(of: booth, through: point).point(at: 1)
        }
        #expect(path.teleports.map(\.step) == [2, 5])
        #expect(path.teleports.map(\.before.point) == asked)
        for teleport in path.teleports {
            #expect(teleport.before == path.states[teleport.step])
            #expect(isClose(teleport.after.loss, teleport.before.loss, 1e-12))
            #expect(distance(teleport.after.point, teleport.before.point) > 0.1)
            let next = moved(teleport.after.point, along: booth.gradient(at: teleport.after.point), by: -0.08)
            #expect(path.states[teleport.step + 1].point == next)
        }
        for state in path.states {
            #expect(state.loss == booth.value(at: state.point))
            #expect(state.squaredGradientNorm == booth.squaredGradientNorm(at: state.point))
        }
    }

    @Test("The Rosenbrock function with the settings of ST22: teleports reach the minimum, gradient descent does not")
    func rosenbrock() throws {
        let function = Rosenbrock()
        let plain = function.descend(from: [-1, -1], learningRate: 1e-3, steps: 1000)
        let schedule = stride(from: 100, to: 1000, by: 100)
        let path = function.descend(from: [-1, -1], learningRate: 1e-3, steps: 1000, teleportAt: schedule)
        #expect(path.states[..<101] == plain.states[..<101])
        #expect(path.teleports.map(\.step) == Array(schedule))
        for teleport in path.teleports.prefix(4) {
            #expect(teleport.after.squaredGradientNorm > 500 * teleport.before.squaredGradientNorm)
        }
        #expect(isClose(plain.states[1000].loss, 0.11134068265746))
        #expect(path.states[1000].loss < 1e-20)
        let early = function.descend(from: [-1, -1], learningRate: 1e-3, steps: 20, teleportAt: [0])
        #expect(!early.states[20].loss.isFinite)
    }

    @Test("The Booth function with the settings of ST22: at one loss the gradient is longer with a teleport (Figure 7)")
    func booth() throws {
        let function = Booth()
        let plain = function.descend(from: [5, -5], learningRate: 0.08, steps: 10)
        let path = function.descend(from: [5, -5], learningRate: 0.08, steps: 10, teleportAt: [5])
        #expect(path.states[10].loss < 0.01 * plain.states[10].loss)
        for (state, other) in zip(path.states[6...], plain.states[6...]) {
            #expect(isClose(state.squaredGradientNorm / state.loss, 36, 1e-9))
            #expect(other.squaredGradientNorm / other.loss < 35)
        }
        // Ten steps of gradient ascent on theta are enough to come close to the maximum.
        let ascent = function.descend(from: [5, -5], learningRate: 0.08, steps: 10, teleportAt: [5]) { point in
            let circle = LevelCircle(of: function, through: point)
            return circle.point(at: circle.ascend(from: 0.7, learningRate: 0.001, steps: 10)[10])
        }
        #expect(function.steepness(at: ascent.teleports[0].before.point) < 0.2)
        #expect(function.steepness(at: ascent.teleports[0].after.point) > 0.999)
        #expect(ascent.states[10].loss < 0.01 * plain.states[10].loss)
    }
}

@Suite struct TestFunctionTheory {
    @Test("The acceleration condition knows the rate after the move from the gradient before it (ST22 Prop. 5.1)")
    func acceleration() throws {
        var outcomes: Set<Bool> = []
        for landscape in Landscape.allCases {
            let (function, generator) = (try landscape.function(), Generator(seed: 6))
            for point in try landscape.points(10) {
                let factor = Tensor.normal([point.count, point.count], using: generator, dtype: .float64)
                let rates = factor.matmul(factor.transposed())
                let rotation = rotation(point.count, generator)
                let moved = function.gradient(at: function.transformed(point, by: rotation))
                let (gradient, jacobian) = (
                    function.gradient(at: point), function.actionJacobian(at: point, by: rotation)
                )
                let constant = try AccelerationCondition(gradient: gradient, jacobian: jacobian)
                #expect(isClose(constant.rate, squaredNorm(gradient), 1e-14))
                #expect(isClose(constant.teleportedRate, squaredNorm(moved), 1e-8))
                let matrix = try AccelerationCondition(gradient: gradient, jacobian: jacobian, learningRates: rates)
                #expect(isClose(matrix.rate, dot(gradient, product(rates, gradient)), 1e-12))
                #expect(isClose(matrix.teleportedRate, dot(moved, product(rates, moved)), 1e-8))
                #expect(constant.isMet == (squaredNorm(moved) > squaredNorm(gradient)))
                outcomes.insert(constant.isMet)
            }
        }
        #expect(outcomes == [true, false])
    }

    @Test("A linear action that leaves the inverse of the learning rates alone changes no rate (ST22 Corollary 5.2)")
    func noAcceleration() throws {
        let generator = Generator(seed: 7)
        let rates = Landscape.form.matrix(of: 6)
        let form = try QuadraticForm(rates)
        let gradient = Tensor.normal([6], using: generator, dtype: .float64).doubles()
        let rotation = rotation(6, generator)
        // eta^{1/2} R eta^{-1/2}, which turns the sphere of eta^{-1} in itself.
        let element = form.matrix { form.rootProduct(with: product(rotation, form.inverseRootProduct(with: $0))) }
        let condition = try AccelerationCondition(gradient: gradient, jacobian: element, learningRates: rates)
        #expect(isClose(condition.teleportedRate, condition.rate, 1e-11))
        let constant = try AccelerationCondition(gradient: gradient, jacobian: element)
        #expect(!isClose(constant.teleportedRate, constant.rate, 1e-2))
        let turn = try AccelerationCondition(gradient: gradient, jacobian: rotation)
        #expect(isClose(turn.teleportedRate, turn.rate, 1e-13))
    }

    @Test("The condition for T steps is the tightest: a saddle attains it (ST22 Prop. 5.4)", arguments: [0, 1, 7, 30])
    func subsequentSteps(steps: Int) {
        // 1/2 L (x^2 - y^2): along x the gradient shrinks by 1 - eta L at each step, along y it grows by 1 + eta L.
        let (rate, lipschitz) = (0.05, 3.0)
        let condition = SubsequentStepsCondition(learningRate: rate, lipschitzConstant: lipschitz)
        let least = condition.leastRatio(steps: steps)
        for factor in [0.999, 1.001] {
            var (teleported, plain) = (least * factor, 1.0)
            let isMet = condition.isMet(
                gradientNorm: lipschitz * plain, teleportedGradientNorm: lipschitz * teleported, steps: steps)
            for _ in 0..<steps {
                teleported -= rate * lipschitz * teleported
                plain += rate * lipschitz * plain
            }
            #expect(isMet == (factor > 1))
            #expect(isMet == (teleported >= plain))
        }
    }

    @Test(
        "Where the condition for T steps is met, the gradient is longer T steps later", arguments: Landscape.quadratic)
    func subsequentStepsOfQuadratics(landscape: Landscape) throws {
        let function = try landscape.quadraticFunction()
        let lipschitz = 2 * function.largestEigenvalue
        let rate = 0.02 / lipschitz
        let condition = SubsequentStepsCondition(learningRate: rate, lipschitzConstant: lipschitz)
        var met = 0
        for point in try landscape.points(10) {
            let plain = function.descend(from: point, learningRate: rate, steps: 10).states
            let path = function.descend(from: point, learningRate: rate, steps: 10, teleportAt: [0])
            let teleported = try #require(path.teleports.first).after
            for steps in 0...10
            where condition.isMet(
                gradientNorm: plain[0].squaredGradientNorm.squareRoot(),
                teleportedGradientNorm: teleported.squaredGradientNorm.squareRoot(), steps: steps)
            {
                met += 1
                let norm = steps == 0 ? teleported.squaredGradientNorm : path.states[steps].squaredGradientNorm
                #expect(norm >= plain[steps].squaredGradientNorm)
            }
        }
        #expect(met > 15)
    }

    @Test("The steepest point of a quadratic's level set is the nearest to the minimum", arguments: Landscape.quadratic)
    func nearest(landscape: Landscape) throws {
        let (function, generator) = (try landscape.quadraticFunction(), Generator(seed: 8))
        for point in try landscape.points(5) {
            let steepest = function.steepestPoint(onLevelSetOf: point)
            let (norm, squared) = (
                function.squaredGradientNorm(at: steepest), function.squaredDistanceToMinimum(from: steepest)
            )
            #expect(isClose(function.steepness(at: steepest), 1, 1e-12))
            #expect(isClose(function.leastSquaredDistanceToMinimum(onLevelSetOf: point), squared, 1e-11))
            #expect(isClose(squared.squareRoot(), distance(steepest, function.minimum), 1e-14))
            for _ in 0..<50 {
                let other = function.transformed(point, by: rotation(point.count, generator))
                #expect(function.squaredGradientNorm(at: other) <= norm * (1 + 1e-12))
                #expect(function.squaredDistanceToMinimum(from: other) >= squared * (1 - 1e-12))
                #expect(isClose(function.steepness(at: other), function.squaredGradientNorm(at: other) / norm, 1e-11))
            }
            // The nearer of the two ends of the axis.
            let opposite = moved(function.minimum, along: moved(steepest, along: function.minimum, by: -1), by: -1)
            let coordinates = [point, steepest, opposite].map(function.coordinates)
            #expect(distance(coordinates[0], coordinates[1]) <= distance(coordinates[0], coordinates[2]))
        }
        #expect(function.steepness(at: function.minimum) == 1)
    }

    @Test(
        "After the steepest point the gradient step of a quadratic points at the minimum (ST22 Prop. 5.6)",
        arguments: Landscape.quadratic)
    func pointsAtTheMinimum(landscape: Landscape) throws {
        let function = try landscape.quadraticFunction()
        for point in try landscape.points(5) {
            let steepest = function.steepestPoint(onLevelSetOf: point)
            let toMinimum = moved(function.minimum, along: steepest, by: -1)
            #expect(isClose(cosine(toMinimum, function.gradient(at: steepest).map { -$0 }), 1, 1e-12))
            // With the right learning rate the step ends there.
            let path = function.descend(
                from: point, learningRate: 1 / (2 * function.largestEigenvalue), steps: 1, teleportAt: [0])
            #expect(distance(path.states[1].point, function.minimum) <= 1e-10 * length(toMinimum))
        }
    }

    @Test("One teleport of a quadratic is optimal for all time (ST22 Prop. 5.5)")
    func optimalForAllTime() throws {
        let matrix = Landscape.form.matrix(of: 5)
        let form = try QuadraticForm(matrix)
        let point: [Double] = [1, -2, 0.5, 3, -1]
        let steepest = form.steepestPoint(onLevelSetOf: point)
        #expect(form.steepness(at: point) < 0.6)
        for time in [0.001, 0.01, 0.1] {
            #expect(isClose(form.steepness(at: form.gradientFlow(from: steepest, time: time)), 1, 1e-11))
            #expect(form.steepness(at: form.gradientFlow(from: point, time: time)) < 0.9)
        }
        let path = form.descend(from: point, learningRate: 0.01, steps: 20, teleportAt: [0])
        for state in path.states.dropFirst() { #expect(isClose(form.steepness(at: state.point), 1, 1e-9)) }
        #expect(form.steepness(at: path.states[0].point) < 0.6)
    }

    @Test("Gradient flow in closed form solves its differential equation")
    func gradientFlow() throws {
        let form = try QuadraticForm(Landscape.form.matrix(of: 5))
        let point: [Double] = [1, -2, 0.5, 3, -1]
        #expect(distance(form.gradientFlow(from: point, time: 0), point) < 1e-13)
        for time in [0.02, 0.1] {
            let here = form.gradientFlow(from: point, time: time)
            let speed = derivative(width: 1e-3) { form.gradientFlow(from: point, time: time + $0) }
            #expect(distance(speed, form.gradient(at: here).map { -$0 }) <= 1e-9 * length(speed))
        }
    }

    @Test("At the steepest point the gradient has Newton's direction (ST22 Prop. 5.7)", arguments: Landscape.allCases)
    func newton(landscape: Landscape) throws {
        let function = try landscape.function()
        for point in try landscape.points(5) {
            let newton = try #require(try function.newtonDirection(at: point))
            let gradient = function.gradient(at: point)
            let again = function.hessianVectorProduct(at: point, with: newton)
            #expect(distance(again, gradient) <= 1e-9 * length(gradient))
            #expect(cosine(newton, gradient) < 0.9999)
            let slope = function.levelSetSlope(at: point)
            #expect(abs(cosine(slope, gradient)) < 1e-9)
            #expect(length(slope) > 1e-6 * length(gradient))

            let steepest = function.steepestPoint(onLevelSetOf: point)
            let direction = try #require(try function.newtonDirection(at: steepest))
            #expect(isClose(cosine(direction, function.gradient(at: steepest)), 1, 1e-12))
            let scale = length(function.hessianVectorProduct(at: steepest, with: function.gradient(at: steepest)))
            #expect(length(function.levelSetSlope(at: steepest)) <= 1e-10 * scale)
        }
        if landscape != .rosenbrock {
            let newton = try #require(try function.newtonDirection(at: function.minimum.map { $0 + 1 }))
            for element in newton { #expect(isClose(element, 1, 1e-11)) }
        }
    }

    @Test("A singular Hessian has no Newton direction")
    func singular() throws {
        // The determinant is 80000 (x1^2 - x2) + 400.
        let x = 0.25
        let y = x * x + 0.005
        let function = Rosenbrock()
        let eigenvalues = try function.hessian(at: [x, y]).symmetricEigen().values.doubles()
        #expect(abs(eigenvalues[0]) < 1e-10)
        #expect(try function.newtonDirection(at: [x, y]) == nil)
        #expect(try function.newtonDirection(at: [x, y + 0.001]) != nil)
        #expect(function.levelSetSlope(at: [1, 1]) == [0, 0])
    }
}
