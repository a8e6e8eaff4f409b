import NeuralNetworks
import Torch

/// The orbit of a model's exact symmetries, on which no output changes, whatever the sample.
final class GaugeWalk: Walk {
    let landscape: BatchLoss
    let lossBefore: Double
    fileprivate let gauges: [any Gauge]
    private let saved: SavedParameters
    /// The steps of the whole way, first to last.
    private var steps: [Step] = []
    /// The loss where the walk begins, until a place asks for it.
    private var start: TwiceDifferentiableLoss?

    /// A step: the group elements `exp(scale M)`, M for each gauge.
    fileprivate final class Step {
        let logarithms: [Tensor]
        var scale = 0.0

        init(_ logarithms: [Tensor]) { self.logarithms = logarithms }
    }

    /// The walk along gauges of a model, on a batch.
    init(on landscape: BatchLoss, _ gauges: [any Gauge]) {
        self.landscape = landscape
        self.gauges = gauges
        saved = SavedParameters(landscape.parameters)
        let differentiated = landscape.twiceDifferentiable()
        lossBefore = differentiated.value.item()
        start = differentiated
    }

    func place() -> any Place {
        defer { start = nil }
        return GaugePlace(start ?? landscape.twiceDifferentiable(), on: self)
    }

    func restore() { saved.restore() }

    /// Half of each step, from the beginning.
    func halve() -> Bool {
        saved.restore()
        let halves = steps.map { $0.scale / 2 }
        for (step, half) in zip(steps, halves) {
            step.scale = 0
            take(step, to: half)
        }
        return true
    }

    /// What the group elements make of a velocity in the place of the parameters, in which they are linear.
    func carried(_ velocity: [Tensor]) -> [Tensor] {
        let parameters = landscape.parameters
        let present = SavedParameters(parameters)
        defer { present.restore() }
        for (parameter, vector) in zip(parameters, velocity) { parameter.copy(from: vector) }
        for step in steps {
            for (gauge, logarithm) in zip(gauges, step.logarithms) { gauge.act(by: logarithm * step.scale) }
        }
        return parameters.map { $0.clone() }
    }

    /// Begins a step of size zero.
    fileprivate func begin(_ logarithms: [Tensor]) -> Step {
        let step = Step(logarithms)
        steps.append(step)
        return step
    }

    /// Takes the last step, which began at its scale, to another one: multiples of one logarithm commute.
    fileprivate func take(_ step: Step, to scale: Double) {
        for (gauge, logarithm) in zip(gauges, step.logarithms) { gauge.act(by: logarithm * (scale - step.scale)) }
        step.scale = scale
    }
}

/// A place on the orbit.
private final class GaugePlace: DifferentiatedPlace {
    private let walk: GaugeWalk
    let differentiated: TwiceDifferentiableLoss

    init(_ differentiated: TwiceDifferentiableLoss, on walk: GaugeWalk) {
        self.walk = walk
        self.differentiated = differentiated
    }

    func direction(of gradient: ObjectiveGradient) -> (any Direction)? {
        let parameters = walk.landscape.parameters
        func derivatives(_ gradients: [Tensor]) -> [Tensor] {
            let all = Gradients(parameters, gradients.map { .tensor($0) })
            return walk.gauges.map { $0.derivative(of: all) }
        }
        guard let shard = walk.landscape.batch.shard else {
            return differentiated.formed(gradient, for: parameters).map { GaugeDirection(derivatives($0), on: walk) }
        }
        // The derivative along a gauge is linear, and of fewer numbers than the gradient.
        let products = gradient.hessianAlong.map {
            derivatives(differentiated.partialHessianProduct(with: $0.map { $0.formed() }, for: parameters)).map(
                shard.sum)
        }
        let explicit = gradient.explicit.map { derivatives($0.map { $0.formed() }) }
        guard let first = explicit ?? products else { return nil }
        guard explicit != nil, let products else { return GaugeDirection(first, on: walk) }
        return GaugeDirection(zip(first, products).map { $0 + $1 }, on: walk)
    }
}

/// A direction on the orbit: an element of the Lie algebra of each gauge.
private final class GaugeDirection: OrbitDirection {
    private let walk: GaugeWalk
    private let logarithms: [Tensor]
    private lazy var step = walk.begin(logarithms)
    let slope: Double

    init(_ logarithms: [Tensor], on walk: GaugeWalk) {
        self.logarithms = logarithms
        self.walk = walk
        slope = logarithms.map { $0.squaredNorm() }.total()
    }

    var isZero: Bool { slope == 0 }

    /// After such a step the root mean square of the log-scales is 10, of a matrix that of its singular values: symmetries hold on all
    /// samples, and go further than weights.
    func reach(of parameters: [Tensor]) -> Double {
        let count = walk.gauges.map(\.dimension).reduce(0, +)
        return 10 * (Double(count) / slope).squareRoot()
    }

    func take(_ eta: Double, part: Double) -> Int? {
        walk.take(step, to: eta * part)
        return 0
    }
}
