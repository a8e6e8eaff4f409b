import NeuralNetworks
import Torch

/// The orbit of the positive scales of hidden units, on which no output of the model changes, whatever the sample.
///
/// The group is abelian: its elements are the units' log-scales, and to go on is to add to them.
final class GaugeWalk: Walk {
    let landscape: BatchLoss
    let lossBefore: Double
    fileprivate let units: [HiddenUnits]
    private let saved: SavedParameters
    /// The log-scales of the whole way, `[count]` for each group of units.
    private var way: [Tensor]
    /// The loss where the walk begins, until a place asks for it.
    private var start: TwiceDifferentiableLoss?

    /// The walk of a model's hidden units, on a batch.
    init(on landscape: BatchLoss, _ units: [HiddenUnits]) {
        self.landscape = landscape
        self.units = units
        saved = SavedParameters(landscape.parameters)
        way = units.map { Tensor.zeros([$0.count], dtype: .float64, device: landscape.parameters[0].device) }
        let differentiated = landscape.twiceDifferentiable()
        lossBefore = differentiated.value.item()
        start = differentiated
    }

    func place() -> any Place {
        defer { start = nil }
        return GaugePlace(start ?? landscape.twiceDifferentiable(), on: self)
    }

    func restore() { saved.restore() }

    func halve() -> Bool {
        move(along: way, scale: -0.5)
        return true
    }

    /// Adds a multiple of log-scales to those of the units.
    fileprivate func move(along logarithms: [Tensor], scale: Double) {
        for (index, units) in units.enumerated() {
            let step = logarithms[index] * scale
            units.rescale(by: step.exponential())
            way[index] = way[index] + step
        }
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
        guard let sum = differentiated.formed(gradient, for: parameters) else { return nil }
        let all = Gradients(parameters, sum.map { .tensor($0) })
        return GaugeDirection(walk.units.map { $0.derivativeByLogarithmOfScales(all) }, on: walk)
    }
}

/// A direction on the orbit: log-scales.
private final class GaugeDirection: OrbitDirection {
    private let walk: GaugeWalk
    private let logarithms: [Tensor]
    /// By what multiple of the direction the parameters are away from the place.
    private var taken = 0.0
    let slope: Double

    init(_ logarithms: [Tensor], on walk: GaugeWalk) {
        self.logarithms = logarithms
        self.walk = walk
        slope = logarithms.map { $0.squaredNorm() }.total()
    }

    var isZero: Bool { slope == 0 }

    /// After such a step the root mean square of the log-scales is 10: scales hold on all samples, and go further than weights.
    func reach(of parameters: [Tensor]) -> Double {
        let count = logarithms.map { $0.size(0) }.reduce(0, +)
        return 10 * (Double(count) / slope).squareRoot()
    }

    func take(_ eta: Double, part: Double) -> Int? {
        walk.move(along: logarithms, scale: eta * part - taken)
        taken = eta * part
        return 0
    }
}
