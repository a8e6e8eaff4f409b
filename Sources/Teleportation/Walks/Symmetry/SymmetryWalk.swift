import NeuralNetworks
import Torch

/// The orbit of GL(k) between each two layers of a perceptron, on one batch: moves along it keep the outputs of the batch.
///
/// Samples are rows here. For layer l, with a one at the end of each row of `A_l`: `Z_l = A_l W_l^T` and
/// `A_{l+1} = sigma(Z_l)`.
final class SymmetryWalk: Walk {
    let landscape: BatchLoss
    let perceptron: Perceptron
    let action: GroupAction
    private let groupElement: GroupElement
    private let targets: Tensor
    private(set) var lossBefore = Double.nan
    private var saved = SavedParameters()

    /// `A_l`, without the ones.
    private(set) var inputs: [Representation] = []
    /// `Z_l`.
    private(set) var preactivations: [Tensor] = []
    /// Those of `A_l`, with the ones for the exact action; computed when first asked for.
    private var pseudoInverses: [PseudoInverse?]
    /// What exact moves have added to `Z_0` since the last `bringUpToDate()`, and the inverse of the data. No derivative reads
    /// `W_0`, and the data do not move: one update of the largest weight serves all moves until somebody else reads it.
    private var pending: (change: Tensor, inverse: PseudoInverse)?
    /// The moves of pairs so far, first to last.
    private var moves: [PairMove] = []
    /// dL/d(outputs), until these change.
    private var outputDelta: Tensor?

    /// The most times that a row of T is halved to keep its hidden unit in the range of the activation, before the unit
    /// rests.
    private static var halvings: Int { 8 }

    var layers: [Dense] { perceptron.layers }
    var last: Int { layers.count - 1 }

    /// The walk on a batch.
    ///
    /// - Parameters:
    ///   - landscape: The loss of the batch.
    ///   - perceptron: The model, taken apart.
    ///   - action: How the group acts.
    ///   - element: The group element that a direction stands for.
    init(on landscape: BatchLoss, _ perceptron: Perceptron, action: GroupAction, element: GroupElement) {
        self.landscape = landscape
        self.perceptron = perceptron
        self.action = action
        groupElement = element
        let batch = landscape.batch
        targets = batch.targets
        pseudoInverses = Array(repeating: nil, count: perceptron.layers.count)
        var rows = perceptron.rows(of: batch.inputs)
        for (index, layer) in perceptron.layers.enumerated() {
            inputs.append(Representation(rows: rows))
            preactivations.append(layer(rows))
            if index < perceptron.activations.count {
                rows = perceptron.activations[index].layer(preactivations[index])
            }
        }
        landscape.work.count(.forward)
        lossBefore = loss
        for parameter in perceptron.parameters { saved.save(parameter) }
    }

    /// The loss of the batch, as it is now.
    var loss: Double { landscape.loss(preactivations[last], targets).item() }

    func place() -> any Place { SymmetryPlace(on: self) }

    func restore() {
        pending = nil
        moves = []
        saved.restore()
    }

    // MARK: Marks

    /// A place of the walk, with all that the walk knows there.
    struct Mark {
        fileprivate let parameters: SavedParameters
        fileprivate let inputs: [Representation]
        fileprivate let preactivations: [Tensor]
        fileprivate let pseudoInverses: [PseudoInverse?]
        fileprivate let moves: [PairMove]
        fileprivate let outputDelta: Tensor?
    }

    /// Marks the place where the parameters are, at the cost of a copy of them.
    func mark() -> Mark {
        bringUpToDate()
        return Mark(
            parameters: SavedParameters(perceptron.parameters), inputs: inputs, preactivations: preactivations,
            pseudoInverses: pseudoInverses, moves: moves, outputDelta: outputDelta)
    }

    /// Goes back to a place, to the last bit.
    func goBack(to mark: Mark) {
        pending = nil
        mark.parameters.restore()
        (inputs, preactivations, pseudoInverses) = (mark.inputs, mark.preactivations, mark.pseudoInverses)
        (moves, outputDelta) = (mark.moves, mark.outputDelta)
    }

    /// dL/d(outputs).
    func differentiatedOutputs() -> Tensor {
        let delta = outputDelta ?? landscape.loss.linearize(preactivations[last], targets).gradient
        outputDelta = delta
        return delta
    }

    /// The Hessian of the loss with respect to the outputs, times a tangent of them.
    func curvature(along tangent: Tensor) -> Tensor {
        landscape.loss.curvature(preactivations[last], targets, along: tangent)
    }

    /// The pseudo-inverse of the input of a layer, or of that of the data.
    func pseudoInverse(_ index: Int) throws(TorchError) -> PseudoInverse {
        if let known = pseudoInverses[index] { return known }
        let rows = inputs[index].rows
        let inverse = try PseudoInverse(of: action == .exact ? layers[index].augmented(rows) : rows)
        pseudoInverses[index] = inverse
        return inverse
    }

    // MARK: Moves

    /// Moves one pair after the other from the first layer up, each one with the input that the pair below leaves it, so
    /// that what one changes the next one knows.
    ///
    /// - Parameters:
    ///   - directions: T of each pair, which `scale` multiplies; those of which rows were shortened are replaced.
    ///   - scale: The factor.
    /// - Returns: How often parts of the elements were halved, to keep hidden units in the range of their activation; nil if
    ///   that did not help for any pair of layers, and nothing moved.
    /// - Throws: `TorchError` if a pseudo-inverse cannot be computed.
    func move(along directions: inout [ParameterGradient], scale: Double) throws(TorchError) -> Int? {
        var halvings: Int?
        // Whether the layers above have not seen any move so far. The exact action needs the inverse of g for that, and
        // both need few samples.
        var isInvariant = action == .approximate || groupElement == .exponential
        for index in directions.indices {
            switch action {
            case .exact:
                if let count = try moveExactly(index, along: &directions[index], scale: scale) {
                    halvings = (halvings ?? 0) + count
                    if isInvariant { isInvariant = try pseudoInverse(index).hasIndependentRows }
                }
            case .approximate:
                try moveApproximately(
                    index, by: FactoredGroupElement(groupElement, of: directions[index], scale: scale))
                halvings = 0
                if isInvariant { isInvariant = try pseudoInverse(index + 1).hasIndependentRows }
            }
            if isInvariant { continue }
            let preactivation = layers[index + 1](inputs[index + 1].rows)
            if index + 1 < last {
                setHidden(index + 1, preactivation)
            } else {
                preactivations[last] = preactivation
                outputDelta = nil
            }
        }
        return halvings
    }

    /// - Returns: How often rows of T were halved; nil if that did not help, and the pair stays as it is.
    private func moveExactly(
        _ index: Int, along direction: inout ParameterGradient, scale: Double
    ) throws(TorchError) -> Int? {
        let activation = perceptron.activations[index]
        let hidden = inputs[index + 1].rows
        var g = FactoredGroupElement(groupElement, of: direction, scale: scale)
        var moved = g.applied(toRows: hidden)
        // What the extension of tanh attains and tanh does not, the network does not attain. A row of T moves one unit, and
        // with rows of other lengths T still leads up: one unit at the end of its range need not hold up the others.
        var shares = Array(repeating: 1.0, count: hidden.size(1))
        var halvings = 0
        while case let units = activation.unitsOutOfRange(moved), !units.isEmpty {
            guard halvings < 2 * Self.halvings else { return nil }
            for unit in units { shares[unit] = halvings < Self.halvings ? shares[unit] / 2 : 0 }
            halvings += 1
            g = FactoredGroupElement(groupElement, of: shortened(direction, to: shares), scale: scale)
            moved = g.applied(toRows: hidden)
        }
        guard shares.contains(where: { $0 > 0 }) else { return nil }
        if halvings > 0 { direction = shortened(direction, to: shares) }
        let change = activation.inverse(moved) - activation.inverse(hidden)
        let inverse = try pseudoInverse(index)
        if index == 0 {
            if let pending { pending.change.addInPlace(change) } else { pending = (change, inverse) }
        } else {
            add(change, to: index, by: inverse)
        }
        g.applyInverse(toColumnsOf: layers[index + 1].weight)
        let before = preactivations[index]
        setHidden(index, before + inverse.fit(change))
        moves.append(
            .exact(
                index, g, activation, input: inputs[index].rows, inverse, before: before,
                after: preactivations[index]))
        return halvings
    }

    /// Adds a change to `Z_l` by its weights: `W_l += change^T A_l^+`.
    private func add(_ change: Tensor, to index: Int, by inverse: PseudoInverse) {
        let (layer, dual, width) = (layers[index], inverse.dual, inputs[index].columnCount)
        layer.weight.addMatmulInPlace(change.transposed(), dual.narrowed(1, to: 0..<width))
        layer.bias?.addMatrixVectorInPlace(change.transposed(), dual.selected(1, width))
    }

    /// Writes what is pending into the first layer.
    func bringUpToDate() {
        if let pending { add(pending.change, to: 0, by: pending.inverse) }
        pending = nil
    }

    /// A matrix of the Lie algebra with shares of its rows.
    private func shortened(_ direction: ParameterGradient, to shares: [Double]) -> ParameterGradient {
        let shares = Tensor(shares).to(dtype: inputs[0].dtype, device: inputs[0].device)
        return switch direction {
        case .tensor(let matrix): .tensor(matrix * shares.expanded(at: 1))
        case .product(let delta, let input): .product(delta: delta * shares, input: input)
        }
    }

    private func moveApproximately(_ index: Int, by g: FactoredGroupElement) throws(TorchError) {
        let (lower, upper) = (layers[index], layers[index + 1])
        let hidden = inputs[index + 1].rows
        g.apply(to: lower.weight)
        if let bias = lower.bias { g.apply(to: bias.expanded(at: 1)) }
        setHidden(index, g.applied(toRows: preactivations[index]))
        let (change, inverse) = (inputs[index + 1].rows - hidden, try pseudoInverse(index + 1))
        PairMove.takeAway(change, from: upper.weight, inverse)
        moves.append(.approximate(index, g, change: change, inverse))
    }

    // MARK: Velocities

    /// The moves, each with the inputs of its layers as they were held.
    func carried(_ velocity: [Tensor]) -> [Tensor] {
        let carried = velocity.map { $0.clone() }
        func part(_ parameter: Tensor) -> Tensor? {
            landscape.parameters.firstIndex { $0.isIdentical(to: parameter) }.map { carried[$0] }
        }
        for move in moves { move.turn(layers, part) }
        return carried
    }

    private func setHidden(_ index: Int, _ preactivation: Tensor) {
        preactivations[index] = preactivation
        inputs[index + 1] = Representation(rows: perceptron.activations[index].layer(preactivation))
        pseudoInverses[index + 1] = nil
    }
}
