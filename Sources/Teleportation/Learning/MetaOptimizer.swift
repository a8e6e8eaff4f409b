import NeuralNetworks
import Torch

/// A learned optimizer of perceptrons: m1, which reads the gradient of all weights and gives their update, and an m2 for
/// each pair of layers, which reads the gradients of the pair and gives a group element to teleport by (PS24 section
/// 5.2).
///
/// A step leads from w to `g (w + f)`, with f of m1 and g of m2, both from the gradient at w. Without m1 the update is
/// that of gradient descent, with a step size that m2 gives.
package struct MetaOptimizer {
    /// What it is made for, and of.
    package struct Settings: Hashable, Sendable {
        /// The sizes of the perceptron's layers, from the input to the output: three at the least.
        package var sizes: [Int]
        /// What is learned.
        package var quantity: LearnedQuantity
        /// H of each LSTM cell.
        package var hidden: Int
        /// The group element that m2's T stands for.
        package var element: GroupElement
        /// The Frobenius norm of each T.
        package var norm: Double

        /// Settings; those that are not given are the paper's, but for the group element, which holds the loss.
        package init(
            sizes: [Int] = [20, 20, 20], _ quantity: LearnedQuantity = .updateAndTeleport, hidden: Int = 300,
            element: GroupElement = .exponential, norm: Double = 0.01
        ) {
            require(sizes.count >= 3, "a meta-optimizer for layers of sizes \(sizes): three at the least")
            self.sizes = sizes
            self.quantity = quantity
            self.hidden = hidden
            self.element = element
            self.norm = norm
        }

        /// The weights of each layer.
        private var counts: [Int] { zip(sizes, sizes.dropFirst()).map(*) }
        /// The size of what m1 reads, and of what it gives.
        var updateCount: Int { counts.reduce(0, +) }
        /// The sizes of what each m2 reads, and k of its T.
        var pairs: [(inputs: Int, units: Int)] {
            zip(zip(counts, counts.dropFirst()).map(+), sizes.dropFirst()).map { ($0, $1) }
        }
    }

    /// What it is made for, and of.
    package let settings: Settings
    /// m1; nil where no update is learned.
    package let update: MetaLSTM?
    /// m2 of each pair, from the first layer up; none where no teleport is learned.
    package let pairs: [MetaLSTM]

    /// The bounds of an element of m1's update, and of m2's step size: the published program's.
    private static let bounds = (update: -1e7...1e7, stepSize: 1e-7...5e-3)

    /// One with given weights.
    ///
    /// - Parameters:
    ///   - settings: What it is made for, and of.
    ///   - make: Makes each weight, m1 first, given its name among `parameters` and its shape.
    package init<Failure: Error>(
        _ settings: Settings, _ make: (_ name: String, _ shape: [Int]) throws(Failure) -> Tensor
    ) throws(Failure) {
        func network(_ name: String, inputs: Int, outputs: [Int]) throws(Failure) -> MetaLSTM {
            try MetaLSTM(inputs: inputs, hidden: settings.hidden, outputs: outputs) {
                (weight, shape) throws(Failure) in try make("\(name).\(weight)", shape)
            }
        }
        self.settings = settings
        let count = settings.updateCount
        update =
            settings.quantity.hasUpdate ? try network(Self.updateName, inputs: count, outputs: [count]) : nil
        var pairs: [MetaLSTM] = []
        if settings.quantity.hasTeleport {
            for (index, pair) in settings.pairs.enumerated() {
                pairs.append(
                    try network(
                        Self.name(ofPair: index), inputs: pair.inputs,
                        outputs: [pair.units * pair.units] + (settings.quantity.hasUpdate ? [] : [1])))
            }
        }
        self.pairs = pairs
    }

    /// One with random weights as PyTorch's `LSTMCell` draws them: uniform within `1 / sqrt(H)` of zero.
    ///
    /// Beyond its bounds the step size has no derivative, and nothing would be learned: it begins within them, at the published
    /// program's first step size.
    ///
    /// - Parameters:
    ///   - settings: What it is made for, and of.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type.
    package init(_ settings: Settings, using generator: Generator, dtype: DType = .float32) {
        let bound = 1 / Double(settings.hidden).squareRoot()
        self.init(settings) { _, shape in .uniform(shape, in: -bound..<bound, using: generator, dtype: dtype) }
        for head in pairs.compactMap({ $0.heads.count > 1 ? $0.heads[1] : nil }) {
            head.weight.fill(0)
            head.bias?.fill(1e-4 / Self.bounds.stepSize.upperBound)
        }
    }

    private static let updateName = "update"
    private static func name(ofPair index: Int) -> String { "pairs.\(index)" }

    /// m1 and m2 by their names.
    package var networks: [(name: String, network: MetaLSTM)] {
        (update.map { [(Self.updateName, $0)] } ?? [])
            + pairs.enumerated().map { (Self.name(ofPair: $0), $1) }
    }

    /// All weights, as `update.cells.0.weight_ih` and `pairs.0.heads.0.bias`.
    package var parameters: [Parameter] {
        networks.flatMap { name, network in
            network.parameters.map { Parameter("\(name).\($0.name)", $0.value) }
        }
    }

    /// What m1 and m2 remember.
    package struct State {
        /// One memory for each of `networks`.
        var networks: [MetaLSTM.State]

        /// The same, cut off from the graph that computed it.
        func detached() -> State { State(networks: networks.map { $0.detached() }) }
    }

    /// The memory before the first step of B trainings.
    package func initialState(batch: Int) -> State {
        State(networks: networks.map { $0.network.initialState(batch: batch) })
    }

    /// Takes a step of B trainings.
    ///
    /// - Parameters:
    ///   - weights: w, `[B, out, in]` of each layer.
    ///   - gradients: Of the losses at w, of the same shapes; taken as data.
    ///   - problems: What is trained on.
    ///   - state: What is remembered, which the step replaces.
    ///   - tapes: Note what the gradients of the networks' weights need, one for each of `networks`; nil where none are asked for.
    /// - Returns: The next w, in operations that autograd can follow.
    /// - Throws: `TorchError` if a hidden layer has no pseudo-inverse.
    package func step(
        _ weights: [Tensor], gradients: [Tensor], on problems: RegressionProblems, _ state: inout State,
        tapes: [MetaLSTM.Tape]? = nil
    ) throws(TorchError) -> [Tensor] {
        let flat = gradients.map { $0.flattened(from: 1) }
        var moved = weights
        if let update {
            let updates = update(.concatenated(flat, along: 1), &state.networks[0], on: tapes?[0])[0]
                .clamped(to: Self.bounds.update)
            var start = 0
            for (index, weight) in weights.enumerated() {
                let count = flat[index].size(1)
                moved[index] =
                    weight + updates.narrowed(1, to: start..<start + count).reshaped([-1] + weight.shape.dropFirst())
                start += count
            }
        }
        guard !pairs.isEmpty else { return moved }
        let outputs = outputsOfPairs(flat, &state, tapes: tapes)
        if update == nil {
            let rate = Self.stepSize(outputs.map { $0[1] })
            moved = zip(weights, gradients).map { $0 - rate.expanded(at: 2) * $1 }
        }
        return try problems.teleported(moved, by: elements(outputs), as: settings.element, norm: settings.norm)
    }

    /// T of each pair, `[B, k, k]`, from the gradients of all weights, `[B, out, in]`; m1 has no part in it.
    func elements(from gradients: [Tensor], _ state: inout State) -> [Tensor] {
        elements(outputsOfPairs(gradients.map { $0.flattened(from: 1) }, &state))
    }

    /// What the m2 of each pair makes of the gradients of each weight, `[B, out in]`.
    private func outputsOfPairs(
        _ gradients: [Tensor], _ state: inout State, tapes: [MetaLSTM.Tape]? = nil
    ) -> [[Tensor]] {
        let offset = update == nil ? 0 : 1
        return pairs.indices.map { pair in
            pairs[pair](
                .concatenated([gradients[pair], gradients[pair + 1]], along: 1), &state.networks[pair + offset],
                on: tapes?[pair + offset])
        }
    }

    /// The step size that the pairs agree on, `[B, 1]`: the mean of those that they give, as shares of the largest one.
    private static func stepSize(_ shares: [Tensor]) -> Tensor {
        let rates = shares.map { ($0 * bounds.stepSize.upperBound).clamped(to: bounds.stepSize) }
        return rates.dropFirst().reduce(rates[0]) { $0 + $1 } / Double(rates.count)
    }

    /// T of each pair, `[B, k, k]`, from what its m2 makes of the gradients.
    private func elements(_ outputs: [[Tensor]]) -> [Tensor] {
        zip(outputs, settings.pairs).map { outputs, pair in
            LieAlgebraHead.elements(outputs[0], size: pair.units, norm: settings.norm)
        }
    }

    /// The same with weights of another element type, or elsewhere.
    func to(dtype: DType, device: Device) -> MetaOptimizer {
        let weights = Dictionary(parameters.map { ($0.name, $0.value) }) { first, _ in first }
        return MetaOptimizer(settings) { name, _ in
            guard let weight = weights[name] else { fatalError("a meta-optimizer without \(name)") }
            return weight.to(dtype: dtype, device: device)
        }
    }
}

extension MetaOptimizer {
    /// The losses of trainings from their initial weights, before each step and after the last.
    ///
    /// - Parameters:
    ///   - problems: What is trained on, side by side.
    ///   - steps: The steps of each.
    /// - Returns: For each moment, the loss of each training.
    /// - Throws: `TorchError` if a hidden layer has no pseudo-inverse.
    package func trajectory(on problems: RegressionProblems, steps: Int) throws(TorchError) -> [[Double]] {
        var state = initialState(batch: problems.count)
        return try problems.trajectory(steps: steps) { (weights, gradients) throws(TorchError) in
            try withoutGradients { () throws(TorchError) in
                try step(weights, gradients: gradients, on: problems, &state)
            }
        }
    }
}
