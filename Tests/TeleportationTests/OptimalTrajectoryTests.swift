import Foundation
import NeuralNetworks
import Testing
import Torch

@testable import Teleportation

/// What PS24 section 3 and ST22 section 5.3 say of teleports, evaluated.
@Suite struct OptimalTrajectoryTests {
    // MARK: Derivatives

    private func difference(_ a: Tensor, _ b: Tensor) -> Double {
        (a - b).absolute().doubles().max()! / max(b.absolute().doubles().max()!, 1e-300)
    }

    @Test("Those of test functions are those in closed form", arguments: Landscape.allCases)
    func testFunctions(landscape: Landscape) throws {
        let function = try landscape.function()
        for point in try landscape.points(3) {
            let derivatives = LocalDerivatives(of: function, at: point)
            let v = Tensor.normal([point.count], using: Generator(seed: 8), dtype: .float64)
            #expect(difference(derivatives.gradient, Tensor(function.gradient(at: point))) < 1e-12)
            let product = function.hessianVectorProduct(at: point, with: v.doubles())
            #expect(difference(derivatives.hessianProduct(with: v), Tensor(product)) < 1e-12)
            let third = derivatives.thirdDerivative(along: v, v)
            if landscape == .rosenbrock {
                // 100 (x^2 - y)^2: d^3/dx^3 = 2400 x, d^3/dx^2 dy = -400.
                let (a, b) = (v.doubles()[0], v.doubles()[1])
                let expected = Tensor([2400 * point[0] * a * a - 800 * a * b, -400 * a * a])
                #expect(difference(third, expected) < 1e-12)
            } else {
                #expect(third.doubles().allSatisfy { $0 == 0 })
            }
        }
    }

    private let instance = Instance(hidden: [4, 3], samples: 6, activation: .tanh)

    /// The gradient of a network where its parameters have moved by a vector.
    private func gradient(_ model: MLP, _ batch: Batch, movedBy vector: Tensor) -> Tensor {
        let parameters = model.parameters.map(\.value)
        let saved = SavedParameters(parameters)
        defer { saved.restore() }
        var start = 0
        for parameter in parameters {
            let part = vector.narrowed(0, to: start..<start + parameter.count).reshaped(parameter.shape)
            parameter.addInPlace(part)
            start += parameter.count
        }
        return LocalDerivatives(of: model, CrossEntropy(), on: batch).gradient
    }

    @Test("Those of a network are the differences of its gradients")
    func network() {
        let (model, batch) = (instance.model(), instance.batch())
        let derivatives = LocalDerivatives(of: model, CrossEntropy(), on: batch)
        let vectors = (0..<2).map {
            Tensor.normal([derivatives.dimension], using: Generator(seed: 1 + $0), dtype: .float64)
        }
        let (u, v, h) = (vectors[0], vectors[1], 1e-4)
        func at(_ a: Double, _ b: Double) -> Tensor { gradient(model, batch, movedBy: u * (a * h) + v * (b * h)) }
        #expect(difference(derivatives.hessianProduct(with: u), (at(1, 0) - at(-1, 0)) / (2 * h)) < 1e-5)
        let mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * h)
        #expect(difference(derivatives.thirdDerivative(along: u, v), mixed) < 1e-5)
        #expect(model.parameters.allSatisfy { !$0.value.requiresGradient })
        // They are those of the point where they were asked for, and the parameters may move on.
        let product = derivatives.hessianProduct(with: u).doubles()
        for parameter in model.parameters { parameter.value.multiplyInPlace(by: 1.5) }
        let moved = model.parameters.map { $0.value.doubles() }
        #expect(derivatives.hessianProduct(with: u).doubles() == product)
        #expect(model.parameters.map { $0.value.doubles() } == moved)
    }

    // MARK: Commutators

    private func derivativeOnCircle(of function: some TestFunction, through point: [Double]) -> Double {
        LevelCircle(of: function, through: point).derivative(at: 0)
    }

    @Test("The commutator is the change of the squared gradient norm along a symmetry", arguments: Landscape.planar)
    func commutatorOfRotations(landscape: Landscape) throws {
        let function = try landscape.function()
        for point in try landscape.points(3) {
            let c = function.coordinates(of: point) as [Double]
            let field = Tensor(function.pointTangent(at: point, along: [-c[1], c[0]]))
            let change = derivativeOnCircle(of: function, through: point)
            let derivatives = LocalDerivatives(of: function, at: point)
            let scale = function.squaredGradientNorm(at: point)
            #expect(abs(derivatives.commutator(with: field) + change) < 1e-10 * scale)
        }
    }

    @Test("Of a network it is that along the orbit of its hidden units")
    func commutatorOfOrbit() throws {
        let instance = Instance(hidden: [6], samples: 5, bias: true, activation: .sigmoid)
        let (model, batch) = (instance.model(), instance.batch())
        let element = Tensor.uniform([6, 6], using: Generator(seed: 2), dtype: .float64) * 0.2
        let curve = try Curvature.curve(of: model, on: batch.inputs, along: [element])
        let field = Tensor.concatenated(curve.first.map { $0.flattened() }, along: 0)
        let derivatives = LocalDerivatives(of: model, CrossEntropy(), on: batch)
        #expect(abs(derivatives.gradient.dot(field).item()) < 1e-12)
        let h = 1e-4
        let norms = [1, -1].map { gradient(model, batch, movedBy: field * ($0 * h)).squaredNorm().item() }
        let expected = -(norms[0] - norms[1]) / (2 * h)
        #expect(abs(derivatives.commutator(with: field) / expected - 1) < 1e-6)
    }

    @Test("Its derivative is that along the gradient field", arguments: Landscape.allCases)
    func commutatorDerivative(landscape: Landscape) throws {
        let function = try landscape.function()
        let point = try landscape.points(1)[0]
        let n = point.count
        let square = Tensor.normal([n, n], using: Generator(seed: 6), dtype: .float64)
        let antisymmetric = square - square.transposed()
        func commutator(_ point: [Double]) -> Double {
            let derivatives = LocalDerivatives(of: function, at: point)
            return derivatives.commutator(with: antisymmetric.matmul(derivatives.gradient))
        }
        let (gradient, h) = (function.gradient(at: point), 1e-7)
        // R is the gradient turned round.
        let expected =
            (commutator(moved(point, along: gradient, by: -h)) - commutator(moved(point, along: gradient, by: h)))
            / (2 * h)
        let value = LocalDerivatives(of: function, at: point).commutatorDerivative(along: antisymmetric)
        #expect(abs(value / expected - 1) < 1e-4, "\(value) \(expected)")
    }

    // MARK: One teleport

    @Test("On a quadratic one teleport is enough, and leads to the nearest point", arguments: Landscape.quadratic)
    func quadratics(landscape: Landscape) throws {
        let function = try landscape.quadraticFunction()
        for point in try landscape.points(3) {
            let teleport = function.oneTeleport(from: point, downTo: 1e-3, stations: 5)
            #expect(teleport.isEnough && teleport.leastShare > 1 - 1e-9 && teleport.growth >= 1)
            #expect(abs(teleport.losses.last! / (1e-3 * function.value(at: point)) - 1) < 1e-9)
            let nearest = function.leastSquaredDistanceToMinimum(onLevelSetOf: point)
            let before = function.squaredDistanceToMinimum(from: point)
            #expect(abs(teleport.distanceShare * teleport.distanceShare / (nearest / before) - 1) < 1e-9)
            for point in [point, teleport.steepest] {
                let derivatives = LocalDerivatives(of: function, at: point)
                #expect(derivatives.thirdOrderDeparture == 0)
                #expect(derivatives.thirdDerivativeAsymmetry(using: Generator(seed: 0)) == 0)
            }
            #expect(LocalDerivatives(of: function, at: teleport.steepest).departureFromOptimality < 1e-7)
            #expect(LocalDerivatives(of: function, at: point).departureFromOptimality > 1e-2)
            // Without the teleport the path does not pass the steepest points.
            let path = function.gradientFlow(from: point, downTo: 0.5, stations: 2)
            #expect(function.steepness(at: path[1]) < 1 - 1e-4)
        }
    }

    @Test("The path of gradient flow is that in closed form")
    func gradientFlow() throws {
        let form = try QuadraticForm(Landscape.form.matrix(of: 4))
        let start = [1, -2, 0.5, 3.0]
        let path = form.gradientFlow(from: start, downTo: 1e-2, stations: 4)
        for (station, point) in path.enumerated() {
            let loss = form.value(at: start) * pow(1e-2, Double(station) / 4)
            #expect(abs(form.value(at: point) / loss - 1) < 1e-9)
            // The time at which the exact path has this loss.
            var (low, high) = (0.0, 100.0)
            for _ in 0..<200 {
                let middle = (low + high) / 2
                if form.value(at: form.gradientFlow(from: start, time: middle)) > loss {
                    low = middle
                } else {
                    high = middle
                }
            }
            let expected = form.gradientFlow(from: start, time: low)
            #expect(squaredNorm(moved(point, along: expected, by: -1)).squareRoot() < 1e-7)
        }
    }

    @Test("On Rosenbrock's function gradient flow leaves the steepest points")
    func rosenbrock() {
        let function = Rosenbrock()
        let teleport = function.oneTeleport(from: [-1, -1])
        #expect(
            !teleport.isEnough && teleport.leastShare < 0.99 && teleport.growth > 1 && teleport.shares[0] > 1 - 1e-9)
        let derivatives = LocalDerivatives(of: function, at: teleport.steepest)
        #expect(derivatives.departureFromOptimality < 1e-6)
        #expect(derivatives.thirdOrderDeparture > 1e-3)
        #expect(derivatives.thirdDerivativeAsymmetry(using: Generator(seed: 0)) > 1e-2)
        // The sine of Prop. 3.6 is the derivative of the commutator: M g is at right angles to g.
        let quarter = Tensor([0, -1, 1, 0] as [Double], shape: [2, 2])
        let g = derivatives.gradient
        let third = derivatives.thirdDerivative(along: g, g).squaredNorm().item().squareRoot()
        let expected = 2 * g.squaredNorm().item().squareRoot() * third * derivatives.thirdOrderDeparture
        #expect(abs(abs(derivatives.commutatorDerivative(along: quarter)) / expected - 1) < 1e-3)
    }

    @Test("A loss with third derivatives along the gradient alone has none across it")
    func thirdDerivativesAlongTheGradient() {
        // L = |c|^2 with c = u(s) e, s = <e, w> and the rest of c linear and small: the gradient where the rest is zero is along e.
        let derivatives = LocalDerivatives(of: Ridge(), at: [0.8, 0])
        #expect(derivatives.gradient.doubles()[0] > 0 && derivatives.gradient.doubles()[1] == 0)
        let third = derivatives.thirdDerivative(along: derivatives.gradient, derivatives.gradient).doubles()
        #expect(third[0] > 0 && derivatives.thirdOrderDeparture < 1e-15)
        #expect(derivatives.thirdDerivativeAsymmetry(using: Generator(seed: 0)) < 1e-15)
    }

    @Test("Where the loss is convex and the symmetry transitive, the greatest norms are in the order of the losses")
    func order() throws {
        for landscape in Landscape.quadratic {
            #expect(try landscape.quadraticFunction().pairsOutOfOrder(among: try landscape.points(8)).isEmpty)
        }
        // A loss that is not convex: the higher point is the flatter one.
        let pairs = Plateau().pairsOutOfOrder(among: [[20], [0.5], [0.1]])
        #expect(pairs.map(\.0) == [0] && pairs.map(\.1) == [1])
    }

    // MARK: Newton

    @Test("From the steepest point a step of gradient descent is one of Newton's", arguments: Landscape.allCases)
    func newton(landscape: Landscape) throws {
        let function = try landscape.function()
        for point in try landscape.points(2) {
            let steepest = function.steepestPoint(onLevelSetOf: point)
            let step = DampedNewtonStep(of: function, at: steepest)
            let direction = try #require(try function.newtonDirection(at: steepest))
            let gradient = function.gradient(at: steepest)
            let error = moved(gradient, along: direction, by: -step.eigenvalue)
            #expect(squaredNorm(error).squareRoot() < 1e-5 * squaredNorm(gradient).squareRoot())
            #expect(step.residual < 1e-6 && step.eigenvalue > 0)
            let largest = try function.hessian(at: steepest).symmetricEigen().values.doubles().last!
            #expect(step.eigenvalue <= largest * (1 + 1e-9))
            #expect(DampedNewtonStep(of: function, at: point).residual > 1e-3)
            #expect(abs(step.damping(learningRate: 0.5 * step.newtonLearningRate) - 0.5) < 1e-14)
            if landscape != .rosenbrock {
                let end = moved(steepest, along: gradient, by: -step.newtonLearningRate)
                #expect(function.value(at: end) < 1e-20 * max(function.value(at: point), 1))
            }
        }
    }

    @Test("The bound on a damped Newton step holds, and the printed one does not")
    func newtonBound() {
        let ellipse = Ellipse(scales: [1, 3])
        let bound = NewtonStepBound(strongConvexity: 2, smoothness: 18, hessianLipschitzConstant: 0)
        // An isotropic function: mu = L.
        let round = NewtonStepBound(strongConvexity: 2, smoothness: 2, hessianLipschitzConstant: 0)
        for damping in [0.25, 0.5, 1] {
            let point = ellipse.steepestPoint(onLevelSetOf: [2, -1])
            let step = DampedNewtonStep(of: ellipse, at: point)
            let distance = squaredNorm(point).squareRoot()
            let end = moved(
                point, along: ellipse.gradient(at: point), by: -damping * step.newtonLearningRate)
            let after = squaredNorm(end).squareRoot()
            #expect(abs(after - (1 - damping) * distance) < 1e-12)
            #expect(after <= bound.distance(after: distance, damping: damping) + 1e-12)
            // Where mu = L the bound is met with equality, and half of it, as printed, would not hold.
            #expect(abs(after - round.distance(after: distance, damping: damping)) < 1e-12)
        }
        // log(1 + e^x) + x^2 / 2: mu = 1, largest eigenvalue 1.25, |L'''| at most 0.0963.
        let general = NewtonStepBound(strongConvexity: 1, smoothness: 1.25, hessianLipschitzConstant: 0.0963)
        func sigma(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        var minimum = 0.0
        for _ in 0..<50 { minimum -= (sigma(minimum) + minimum) / (sigma(minimum) * (1 - sigma(minimum)) + 1) }
        for x in [-6, -2, 0.5, 3.0] {
            for damping in [0.5, 1] {
                let next = x - damping * (sigma(x) + x) / (sigma(x) * (1 - sigma(x)) + 1)
                #expect(
                    abs(next - minimum) <= general.distance(after: abs(x - minimum), damping: damping) * (1 + 1e-12))
            }
        }
    }

    // MARK: Stochastic descent

    @Test("Runs of stochastic descent with teleports stay below the bound, and fill some of it")
    func stochasticDescent() {
        // L(w, xi) = |S (w - xi)|^2 / 2 with xi = +-(1, 1) has the mean |S w|^2 / 2 + |S (1, 1)|^2 / 2, which rotations of S w leave.
        let scales = [1.0, 2]
        let ellipse = Ellipse(scales: scales)
        let start = [3.0, -1]
        let bound = StochasticDescentBound(
            smoothness: 4, steps: 40, initialGap: ellipse.value(at: start) / 2, noise: squaredNorm(scales) / 2)
        #expect(abs(bound.learningRate - 1 / (4 * Double(39).squareRoot())) < 1e-15)
        let runs = (0..<200).map { run in
            let signs = Tensor.bernoulli([40], probability: 0.5, using: Generator(seed: UInt64(run)), dtype: .float64)
            var w = start
            return signs.doubles().map { sign in
                w = ellipse.steepestPoint(onLevelSetOf: w)
                let norm = ellipse.squaredGradientNorm(at: w) / 4
                let gradient = zip(scales, w).map { $0 * $0 * ($1 - (sign == 0 ? -1 : 1)) }
                w = moved(w, along: gradient, by: -bound.learningRate)
                return norm
            }
        }
        let share = bound.share(of: runs)
        #expect(share > 0.02 && share < 1, "\(share)")
        // The bound knows what it bounds: the mean over runs of the least step, and not the first one.
        #expect(bound.share(of: [Array(repeating: bound.squaredGradientNorm, count: 40)]) == 1)
    }
}

/// `u(x)^2 + y^2` with `u = x + x^2 / 4`, whose third derivatives are all along x.
private struct Ridge: TestFunction {
    var minimum: [Double] { [0, 0] }
    func coordinates(of point: [Double]) -> [Double] { [point[0] + point[0] * point[0] / 4, point[1]] }
    func coordinates(of point: Tensor) -> Tensor {
        let (x, y) = (point.selected(0, 0), point.selected(0, 1))
        return .stacked([x + x * x * 0.25, y])
    }
    func point(withCoordinates c: [Double]) -> [Double] { [2 * ((1 + c[0]).squareRoot() - 1), c[1]] }
    func coordinateTangent(at point: [Double], along v: [Double]) -> [Double] { [(1 + point[0] / 2) * v[0], v[1]] }
    func pointTangent(at point: [Double], along v: [Double]) -> [Double] { [v[0] / (1 + point[0] / 2), v[1]] }
    func gradient(at point: [Double]) -> [Double] {
        [2 * (point[0] + point[0] * point[0] / 4) * (1 + point[0] / 2), 2 * point[1]]
    }
    func hessianVectorProduct(at point: [Double], with v: [Double]) -> [Double] {
        let (x, slope) = (point[0], 1 + point[0] / 2)
        return [2 * (slope * slope + (x + x * x / 4) / 2) * v[0], 2 * v[1]]
    }
    func steepestPoint(onLevelSetOf point: [Double]) -> [Double] {
        let circle = LevelCircle(of: self, through: point)
        return circle.point(at: circle.steepestAngle())
    }
}

/// `asinh(w)^2` of one parameter: far from the minimum the flatter, the further.
private struct Plateau: TestFunction {
    var minimum: [Double] { [0] }
    func coordinates(of point: [Double]) -> [Double] { point.map(asinh) }
    func coordinates(of point: Tensor) -> Tensor { point.inverseSinh() }
    func point(withCoordinates c: [Double]) -> [Double] { c.map(sinh) }
    func coordinateTangent(at point: [Double], along v: [Double]) -> [Double] {
        zip(point, v).map { $1 / ($0 * $0 + 1).squareRoot() }
    }
    func pointTangent(at point: [Double], along v: [Double]) -> [Double] {
        zip(point, v).map { $1 * ($0 * $0 + 1).squareRoot() }
    }
    func gradient(at point: [Double]) -> [Double] { point.map { 2 * asinh($0) / ($0 * $0 + 1).squareRoot() } }
    func hessianVectorProduct(at point: [Double], with v: [Double]) -> [Double] {
        zip(point, v).map { x, v in
            let square = x * x + 1
            return 2 * (1 / square - asinh(x) * x / (square * square.squareRoot())) * v
        }
    }
    func steepestPoint(onLevelSetOf point: [Double]) -> [Double] { point }
}
