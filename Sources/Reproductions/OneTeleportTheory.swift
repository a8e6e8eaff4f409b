import Experiments
import Foundation
import NeuralNetworks
import Optimizers
import Reporting
import Teleportation
import TextForms
import Torch

/// Whether one teleport is enough, for test functions and a small network, with the numbers behind it; PS24 section 3.
package struct OneTeleportTheory: Reproduction {
    /// The propositions, which have nothing to set.
    package init() {}

    /// `ps24-theory`.
    package var name: String { "ps24-theory" }
    /// PS24 section 3.
    package var paper: String { "PS24 section 3" }
    /// What the propositions come to.
    package var title: String { "One teleport is enough for quadratic losses, and other losses say how far it is not." }
    /// A few seconds.
    package var quickSeconds: Int { 10 }
    /// The scales are the same, and numbers have double precision.
    package var options: Set<ReproductionOption> { [.seeds] }

    /// Evaluates the propositions.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        let seeds = context.seeds(else: 3)
        let functions = try [
            FunctionRecord("Rosenbrock", Rosenbrock(), from: [-1, -1]),
            FunctionRecord("Booth", Booth(), from: [5, -5]),
            FunctionRecord("ellipse", Ellipse(scales: [1, 3]), from: [2, 1]),
            FunctionRecord(
                "quadratic form", QuadraticForm(Tensor([3, 1, 0, 1, 2, 1, 0, 1, 1] as [Double], shape: [3, 3])),
                from: [1, -2, 1]),
        ]
        let networks = try seeds.map { try NetworkRecord(seed: $0) }
        let bound = BoundRecord(seeds: seeds)
        return ReproductionResult(
            configuration: ["seeds": .integers(seeds)],
            sections: [
                .init("Test functions: one teleport, then gradient flow to a hundredth of the loss", table(functions)),
                .init(
                    "A perceptron 4-5-3 with tanh, 8 samples, before and after a teleport along the level set",
                    table(networks)),
            ],
            figures: [],
            values: [
                "functions": .object(Dictionary(uniqueKeysWithValues: functions.map { ($0.name, $0.values) })),
                "networks": .array(networks.map(\.values)), "bound": bound.values,
            ],
            claim:
                "after one teleport gradient flow passes steepest points alone where the third derivatives allow it, as for all "
                + "quadratic functions; a step after a teleport is one of Newton's with damping; with teleports stochastic descent "
                + "makes the gradients of a whole orbit small.",
            findings: functions.map(\.finding) + [NetworkRecord.finding(networks), bound.finding])
    }

    private func table(_ records: [FunctionRecord]) -> Table {
        var table = Table(
            columns: [
                .init("function", alignment: .left), .init("‖g‖² grows by"), .init("distance, times"),
                .init("sine of Hg and g"), .init("after"), .init("of T[g,g] and g"), .init("of T[u,v] and g"),
                .init("least share of ‖g‖²"), .init("step to"), .init("without"),
            ])
        for record in records {
            table.rows.append(
                [record.name]
                    + [
                        record.teleport.growth, record.teleport.distanceShare, record.departureBefore,
                        record.departureAfter, record.thirdOrderDeparture, record.asymmetry, record.teleport.leastShare,
                        record.newtonShare, record.plainShare,
                    ].map { $0.significant(3) })
        }
        return table
    }

    private func table(_ records: [NetworkRecord]) -> Table {
        var table = Table(
            columns: [
                .init("seed"), .init("‖g‖² grows by"), .init("loss drifts by"), .init("sine of Hg and g"),
                .init("after"),
                .init("of T[g,g] and g"), .init("sine on the way down"), .init("[A,R]L of a symmetry"),
            ])
        for record in records {
            table.rows.append(
                ["\(record.seed)"]
                    + [
                        record.growth, record.drift, record.departureBefore, record.departureAfter,
                        record.thirdOrderDeparture, record.departureBelow, record.commutator,
                    ].map { $0.significant(3) })
        }
        return table
    }
}

/// What one teleport does on a test function.
private struct FunctionRecord {
    let name: String
    let teleport: OneTeleport
    /// The sine of the angle between H g and g, before the teleport and after it.
    let departureBefore, departureAfter: Double
    /// The sines of PS24 Props. 3.6 and C.3, after it.
    let thirdOrderDeparture, asymmetry: Double
    /// The share of the loss that one step of gradient descent leaves, with Newton's learning rate of the place: after the
    /// teleport, and without.
    let newtonShare, plainShare: Double
    /// The pairs of points of gradient flow without a teleport that PS24 Prop. A.2 does not order, and all pairs.
    let disorders, pairs: Int

    init(_ name: String, _ function: some TestFunction, from start: [Double]) {
        let teleport = function.oneTeleport(from: start)
        let (before, after) = (
            LocalDerivatives(of: function, at: start), LocalDerivatives(of: function, at: teleport.steepest)
        )
        /// The share of the loss that is left after one step.
        func shareAfterStep(from point: [Double]) -> Double {
            let rate = DampedNewtonStep(of: function, at: point).newtonLearningRate
            let end = zip(point, function.gradient(at: point)).map { $0 - rate * $1 }
            return function.value(at: end) / function.value(at: point)
        }
        self.name = name
        self.teleport = teleport
        departureBefore = before.departureFromOptimality
        departureAfter = after.departureFromOptimality
        thirdOrderDeparture = after.thirdOrderDeparture
        asymmetry = after.thirdDerivativeAsymmetry(using: Generator(seed: 0))
        newtonShare = shareAfterStep(from: teleport.steepest)
        plainShare = shareAfterStep(from: start)
        let path = function.gradientFlow(from: start, downTo: 0.01, stations: 20)
        disorders = function.pairsOutOfOrder(among: path).count
        pairs = path.count * (path.count - 1) / 2
    }

    var values: JSONValue {
        [
            "growth": .number(teleport.growth), "distanceShare": .number(teleport.distanceShare),
            "departureBefore": .number(departureBefore), "departureAfter": .number(departureAfter),
            "thirdOrderDeparture": .number(thirdOrderDeparture), "asymmetry": .number(asymmetry),
            "losses": .numbers(teleport.losses), "shares": .numbers(teleport.shares),
            "newtonShare": .number(newtonShare), "plainShare": .number(plainShare), "disorders": .integer(disorders),
            "pairs": .integer(pairs),
        ]
    }

    var finding: String {
        let verdict =
            teleport.isEnough
            ? "one teleport is enough, and gradient flow passes steepest points alone"
            : "one teleport is not enough: on the way down ‖g‖² falls to \(teleport.leastShare.significant(3)) of the greatest on "
                + "the level set"
        return "\(name): \(verdict). One step of gradient descent with Newton's learning rate leaves "
            + "\(newtonShare.significant(2)) of the loss after the teleport and \(plainShare.significant(2)) without. Of \(pairs) "
            + "pairs of points of the flow \(disorders) have the greater loss with the smaller greatest gradient."
    }
}

/// What one teleport along the level set does on a small network.
private struct NetworkRecord {
    let seed: Int
    let growth, drift: Double
    let departureBefore, departureAfter, thirdOrderDeparture: Double
    /// The sine of the angle between H g and g when gradient descent has halved the loss after the teleport.
    let departureBelow: Double
    /// `[A, R] L` for a random element of the symmetry between the layers, before the teleport, as a share of
    /// `2 ||a|| ||H g||`.
    let commutator: Double

    init(seed: Int) throws {
        let generator = Generator(seed: UInt64(seed))
        let model = MLP(
            inputs: 4, hidden: [5], outputs: 3, activation: .tanh, using: generator, dtype: .float64)
        let batch = Batch(
            inputs: .normal([8, 4], using: generator, dtype: .float64),
            targets: .integers([8], in: 0..<3, using: generator))
        let loss = CrossEntropy()
        let element = Tensor.uniform([5, 5], using: generator, dtype: .float64)
        let before = LocalDerivatives(of: model, loss, on: batch)
        let field = Tensor.concatenated(
            try Curvature.curve(of: model, on: batch.inputs, along: [element]).first.map { $0.flattened() }, along: 0)
        let scale = field.norm().item() * before.hessianProduct(with: before.gradient).norm().item()

        let climb = Climb(steps: 300, stepSize: .growth(0.1), search: .armijo, cap: .none)
        let optimizer = SGD(learningRate: 0.01)
        let report = LevelSetTeleporter(climb).teleport(model, loss, on: [batch], before: optimizer)[0]
        let after = LocalDerivatives(of: model, loss, on: batch)
        self.seed = seed
        growth = report.gradientNormSquaredAfter / report.gradientNormSquaredBefore
        drift = report.relativeDrift
        departureBefore = before.departureFromOptimality
        departureAfter = after.departureFromOptimality
        thirdOrderDeparture = after.thirdOrderDeparture
        commutator = before.commutator(with: field) / (2 * scale)
        // Small steps stand for gradient flow.
        let step = TrainingStep(model, loss, optimizer)
        for _ in 0..<1000 where loss(model(batch.inputs), batch.targets).item() > report.lossAfter / 2 {
            step(on: batch)
        }
        departureBelow = LocalDerivatives(of: model, loss, on: batch).departureFromOptimality
    }

    var values: JSONValue {
        [
            "seed": .integer(seed), "growth": .number(growth), "drift": .number(drift),
            "departureBefore": .number(departureBefore), "departureAfter": .number(departureAfter),
            "thirdOrderDeparture": .number(thirdOrderDeparture), "departureBelow": .number(departureBelow),
            "commutator": .number(commutator),
        ]
    }

    static func finding(_ records: [NetworkRecord]) -> String {
        func range(_ path: KeyPath<NetworkRecord, Double>) -> String {
            let values = records.map { $0[keyPath: path] }
            return "\((values.min() ?? .nan).significant(2)) to \((values.max() ?? .nan).significant(2))"
        }
        return
            "Perceptron, \(records.count.counted("seed")): a teleport along the level set brings the sine of the angle between Hg "
            + "and g from \(range(\.departureBefore)) to \(range(\.departureAfter)); when gradient descent has halved the loss it is "
            + "\(range(\.departureBelow)). The third derivatives there turn T[g,g] away from g by a sine of "
            + "\(range(\.thirdOrderDeparture)), and the condition for one teleport to be enough asks for none."
    }
}

/// Stochastic descent with a teleport to the steepest point before each step, on a loss whose symmetry reaches all of a level set.
private struct BoundRecord {
    let runs: Int
    let bound: StochasticDescentBound
    let share: Double

    init(seeds: [Int]) {
        // L(w, xi) = |S (w - xi)|^2 / 2 with xi = (1, 1) or (-1, -1): the mean is |S w|^2 / 2 and a constant.
        let scales = [1.0, 2]
        let ellipse = Ellipse(scales: scales)
        let start = [3.0, -1]
        let noise = scales.map { $0 * $0 / 2 }.reduce(0, +)
        let bound = StochasticDescentBound(
            smoothness: 4, steps: 40, initialGap: ellipse.value(at: start) / 2, noise: noise)
        let runs = seeds.flatMap { seed in
            let generator = Generator(seed: UInt64(seed))
            return (0..<100).map { _ in
                let signs = Tensor.bernoulli([bound.steps], probability: 0.5, using: generator, dtype: .float64)
                var point = start
                return signs.doubles().map { sign in
                    point = ellipse.steepestPoint(onLevelSetOf: point)
                    let norm = ellipse.squaredGradientNorm(at: point) / 4
                    let sample = 2 * sign - 1
                    point = zip(scales, point).map { $1 - bound.learningRate * $0 * $0 * ($1 - sample) }
                    return norm
                }
            }
        }
        self.runs = runs.count
        self.bound = bound
        share = bound.share(of: runs)
    }

    var values: JSONValue {
        [
            "runs": .integer(runs), "steps": .integer(bound.steps), "bound": .number(bound.squaredGradientNorm),
            "share": .number(share),
        ]
    }

    var finding: String {
        "Theorem 3.1: over \(runs) runs of \(bound.steps.counted("step")) the least mean of the longest squared gradient on the orbit is "
            + "\(share.significant(2)) of the bound."
    }
}
