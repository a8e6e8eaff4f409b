import NeuralNetworks
import Torch

/// A place in the null space, and its direction without second derivatives: `Delta^T (D_u A) (I - B B^T)` for each affine map.
///
/// For an affine map `dL/dW = Delta^T A`, so `(H u)_W = (D_u Delta)^T A + Delta^T (D_u A)`, and the projection takes the
/// first term away. `Delta` is a pull-back, `D_u A` a pushforward along u. A map that reads the data has `D_u A = 0` and
/// never moves. For an objective with the gradient `a + H u` the projection of a comes on top.
final class ClosedFormPlace: Place {
    private let walk: NullSpaceWalk
    private lazy var pulled = {
        walk.landscape.work.count(.back)
        return walk.linearized.pullback()
    }()
    private(set) lazy var gradients = pulled.gradients.values(of: walk.landscape.parameters)

    /// Which part of the batch is here; nil for all.
    private var shard: Shard? { walk.linearized.shard }

    init(on walk: NullSpaceWalk) { self.walk = walk }

    var loss: Double { walk.lossBefore }

    func direction(of gradient: ObjectiveGradient) throws(TorchError) -> (any Direction)? {
        let parameters = walk.landscape.parameters
        let pushed = gradient.hessianAlong.map {
            walk.linearized.model.pushforward(nil, along: Gradients(parameters, $0)).collected
        }
        let explicit = gradient.explicit.map { Gradients(parameters, $0) }
        let movable = walk.movableWeights(in: pulled)
        let factorable = explicit.map { self.factorable(among: movable, $0) } ?? []
        var moves: [MovableWeight.Move] = []
        for weight in movable {
            let tangents = pushed.flatMap { weight.tangents(in: $0) }
            guard tangents != nil || explicit != nil else { continue }
            guard let space = try walk.nullSpace(of: weight) else { continue }
            if let explicit {
                moves += self.moves(
                    of: weight, in: space, tangents, explicit, isFactorable: factorable.contains(weight.weight.id))
            } else if let tangents {
                moves += self.moves(of: weight, in: space, tangents)
            }
        }
        return moves.isEmpty ? nil : NullSpaceDirection(moves, on: walk)
    }

    /// `pi(H u)` of a weight.
    private func moves(of weight: MovableWeight, in space: InputNullSpace, _ tangents: [Tensor?]) -> [MovableWeight
        .Move]
    {
        guard weight.sites.count == 1, let tangent = tangents[0], let delta = pulled[weight.sites[0]] else {
            return space.project(product(of: weight, tangents)).map { weight.moves(along: $0) } ?? []
        }
        let input = weight.sites[0].input
        let (out, columns) = (delta.size(1), input.columnCount)
        if input.representation != nil, case let count = rowCount(tangent),
            count <= out, shard == nil || count * (out + columns) < 2 * out * columns
        {
            guard let rows = space.project(wholeRows(tangent)) else { return [] }
            let delta = wholeDelta(of: weight, delta)
            return weight.moves(
                along: .product(delta: delta, input: Representation(rows: rows.weight)),
                rows.bias.map { delta.transposed().matmul($0) })
        }
        // More rows than outputs: the product has fewer rows to project than its factor.
        return space.projectProduct(delta, tangent, of: input, over: shard).map { weight.moves(along: $0) } ?? []
    }

    /// The rows of all processes over which the batch is spread, of which these are the ones here.
    private func rowCount(_ rows: Tensor) -> Int {
        guard let held = shard?.heldCounts, let shard else { return rows.size(0) }
        return rows.size(0) / held[shard.group.rank] * held.reduce(0, +)
    }

    private func wholeRows(_ rows: Tensor) -> Tensor { shard?.gathered(rows) ?? rows }

    /// The cotangents of the outputs of a weight's only map, of all processes: those that its gradient has were sent before.
    private func wholeDelta(of weight: MovableWeight, _ delta: Tensor) -> Tensor {
        if shard != nil, case .product(let whole, _)? = pulled.gradients[weight.weight] { return whole }
        return wholeRows(delta)
    }

    /// `pi(a + H u)` of a weight.
    private func moves(
        of weight: MovableWeight, in space: InputNullSpace, _ tangents: [Tensor?]?, _ explicit: Gradients,
        isFactorable: Bool
    ) -> [MovableWeight.Move] {
        if let factored = factored(weight, tangents, explicit, isFactorable: isFactorable) {
            guard let rows = space.project(factored.rows, factored.ones) else { return [] }
            return weight.moves(
                along: .product(delta: factored.delta, input: Representation(rows: rows.weight)),
                rows.bias.map { factored.delta.transposed().matmul($0) })
        }
        let parts = [
            explicit[weight.weight].map { $0.formed().flattened(from: 1) },
            tangents.map { product(of: weight, $0) },
        ].compactMap(\.self)
        guard let first = parts.first else { return [] }
        let sum = parts.dropFirst().reduce(first) { $0 + $1 }
        let bias = weight.bias.flatMap { explicit[$0]?.formed().expanded(at: 1) }
        return space.project(sum, bias).map { weight.moves(along: $0) } ?? []
    }

    /// `a + Delta^T (D_u A)` of a weight as one product of few rows, which are fewer to project: those of a, with ones for a bias, and
    /// those of the tangents. Nil where it is none, or one of many rows.
    ///
    /// - Returns: The left factor, `[m, out]`, and the right one, `[m, in]`, with what its rows have in the column of a bias, `[m, 1]`.
    private func factored(
        _ weight: MovableWeight, _ tangents: [Tensor?]?, _ explicit: Gradients, isFactorable: Bool
    ) -> (delta: Tensor, rows: Tensor, ones: Tensor?)? {
        guard isFactorable, case .product(let delta, let input)? = explicit[weight.weight] else { return nil }
        let tangent = tangents?[0]
        let rowCount = input.rowCount + (tangent.map(self.rowCount) ?? 0)
        let (out, columns) = (delta.size(1), input.columnCount)
        guard rowCount * (out + columns) < out * columns else { return nil }
        var (deltas, rows) = ([delta], [input.rows])
        var ones = [Tensor.full([input.rowCount, 1], 1, dtype: input.dtype, device: input.device)]
        if let tangent {
            guard let delta = pulled[weight.sites[0]] else { return nil }
            let whole = wholeRows(tangent)
            deltas.append(wholeDelta(of: weight, delta))
            rows.append(whole)
            ones.append(.zeros([whole.size(0), 1], dtype: input.dtype, device: input.device))
        }
        return (
            .concatenated(deltas, along: 0), .concatenated(rows, along: 0),
            weight.bias.map { _ in .concatenated(ones, along: 0) }
        )
    }

    /// The weights whose gradient is one product of rows, in which that of the bias is, as in the gradient of a loss. Apart from the rows it
    /// would be projected to what only cancels in the sum. Waits for the device once, if a weight has a bias.
    private func factorable(among weights: [MovableWeight], _ gradients: Gradients) -> Set<ObjectIdentifier> {
        var withoutBias: [ObjectIdentifier] = []
        var products: [(weight: ObjectIdentifier, rest: Tensor, delta: Tensor)] = []
        for weight in weights where weight.sites.count == 1 && weight.sites[0].input.representation != nil {
            guard case .product(let delta, _)? = gradients[weight.weight] else { continue }
            guard let bias = weight.bias else {
                withoutBias.append(weight.weight.id)
                continue
            }
            guard let gradient = gradients[bias] else { continue }
            products.append((weight.weight.id, gradient.formed() - delta.sum(along: [0]), delta))
        }
        guard !products.isEmpty else { return Set(withoutBias) }
        // Sums over processes round otherwise than sums of rows here.
        let energies = shard == nil ? [] : products.map { $0.delta.squaredNorm() }
        let values = Tensor.stacked(products.map { $0.rest.squaredNorm() } + energies).doubles()
        let withBiasInRows = products.enumerated().compactMap { index, product in
            let rounding = 4 * product.delta.dtype.epsilon
            let bound =
                energies.isEmpty
                ? 0 : rounding * rounding * Double(product.delta.size(0)) * values[products.count + index]
            return values[index] <= bound ? product.weight : nil
        }
        return Set(withoutBias + withBiasInRows)
    }

    /// `Delta^T (D_u A)`, summed over the uses of a weight.
    private func product(of weight: MovableWeight, _ tangents: [Tensor?]) -> Tensor {
        var sum: Tensor?
        for (site, tangent) in zip(weight.sites, tangents) {
            guard let tangent, let delta = pulled[site] else { continue }
            let product = site.input.product(delta, tangent)
            sum = sum.map { $0 + product } ?? product
        }
        guard let sum else { fatalError("a weight that moves has a tangent") }
        return shard?.sum(sum) ?? sum
    }
}
