import NeuralNetworks
import Torch

/// A place on the orbit, and its direction without a tape.
///
/// With `Delta_l = dL/dZ_l`, `g_l = Delta_l^T A_l`, and `D_u`, the derivative along a vector u of the parameters,
///
///     (H u)_l = (D_u Delta_l)^T A_l + Delta_l^T (D_u A_l)
///
/// where one pass forwards gives `D_u A` and one backwards `D_u Delta`. An objective with the gradient `H u` has with respect
/// to the T of the pair V = W_l, U = W_{l+1} with `S = A_{l+1}` the pull-back of this through `dU` and `dV` at T = 0:
///
///     exact:        dU = -U T,                        dV = (T S^T / sigma'(Z^T)) A^+
///                   (M / sigma'(Z) - (D_u Delta_U) U)^T S - (Delta_U U)^T (D_u S),   M = (A^+)^T (H u)_V^T
///     approximate:  dU = -U (sigma'(Z) (Z T^T))^T S^+, dV = T V
///                   (D_u Delta_V - sigma'(Z) N)^T Z + Delta_V^T (D_u A V^T),         N = (S^+)^T (H u)_U^T U
///
/// These are products of rank 2 m, and are kept as such. For the gradient norm `u = g`.
///
/// A walk makes its places, and a place asks its walk for what all places share: `SymmetryWalk` and this type need each other.
final class SymmetryPlace: Place {
    private let walk: SymmetryWalk
    /// `sigma'(Z_l)`.
    private let slopes: [Tensor]
    /// `Delta_l`.
    private let deltas: [Tensor]
    /// `Delta_l W_l`, dL/dA_l; that of the data is not needed.
    private let pulled: [Tensor?]
    let gradients: [ParameterGradient]

    private var layers: [Dense] { walk.layers }
    private var last: Int { walk.last }

    init(on walk: SymmetryWalk) {
        self.walk = walk
        walk.landscape.work.count(.back)
        let (layers, activations) = (walk.layers, walk.perceptron.activations)
        let slopes = activations.indices.map {
            activations[$0].derivative(at: walk.preactivations[$0], output: walk.inputs[$0 + 1].rows)
        }
        var deltas = Array(repeating: walk.differentiatedOutputs(), count: layers.count)
        var pulled: [Tensor?] = Array(repeating: nil, count: layers.count)
        for index in (1...walk.last).reversed() {
            let product = deltas[index].matmul(layers[index].weight)
            pulled[index] = product
            deltas[index - 1] = product * slopes[index - 1]
        }
        var collected = Gradients()
        for (index, layer) in layers.enumerated() {
            collected.add(.product(delta: deltas[index], input: walk.inputs[index]), of: layer.weight)
            if let bias = layer.bias { collected.add(.tensor(deltas[index].sum(along: [0])), of: bias) }
        }
        self.slopes = slopes
        self.deltas = deltas
        self.pulled = pulled
        gradients = collected.values(of: walk.landscape.parameters)
    }

    var loss: Double { walk.loss }

    func bringUpToDate() { walk.bringUpToDate() }

    func direction(of gradient: ObjectiveGradient) throws(TorchError) -> (any Direction)? {
        let parameters = walk.landscape.parameters
        var directions: [ParameterGradient] = []
        if let u = gradient.hessianAlong {
            let u = Gradients(parameters, u)
            let forward = pushforward(along: u)
            let backward = pullback(forward, along: u)
            for index in 0..<last {
                let (left, right) =
                    switch walk.action {
                    case .exact: try exactDirection(index, forward, backward)
                    case .approximate: try approximateDirection(index, forward, backward)
                    }
                directions.append(
                    .product(
                        delta: .concatenated(left, along: 0),
                        input: Representation(rows: .concatenated(right, along: 0))))
            }
        }
        if let explicit = gradient.explicit {
            let explicit = Gradients(parameters, explicit)
            for index in 0..<last {
                let pulledBack = try pullbackToAlgebra(explicit, index)
                if directions.count > index {
                    directions[index] = .tensor(directions[index].formed() + pulledBack)
                } else {
                    directions.append(.tensor(pulledBack))
                }
            }
        }
        return directions.isEmpty ? nil : SymmetryDirection(directions, on: walk)
    }

    // MARK: Derivatives along a vector

    /// What the derivative along u does to the forward pass; nil is zero, as at the data.
    private struct Forward {
        /// `D_u A_l`.
        var inputs: [Tensor?] = []
        /// `(D_u A_l) W_l^T`.
        var products: [Tensor?] = []
        /// `D_u Z_l`.
        var preactivations: [Tensor] = []
    }

    private func pushforward(along u: Gradients) -> Forward {
        var forward = Forward()
        var tangent: Tensor?
        for (index, layer) in layers.enumerated() {
            let product = tangent?.matmul(layer.weight.transposed())
            let output = inputTimes(u, index)
            if let product { output.addInPlace(product) }
            forward.inputs.append(tangent)
            forward.products.append(product)
            forward.preactivations.append(output)
            if index < last { tangent = output * slopes[index] }
        }
        return forward
    }

    /// `A_l u_l^T`, with the ones; along a gradient `A_l A_l^T Delta_l`.
    private func inputTimes(_ u: Gradients, _ index: Int) -> Tensor {
        let (input, layer) = (walk.inputs[index], layers[index])
        let product: Tensor
        switch u[layer.weight] {
        case .product(let delta, let factor)? where factor === input:
            product =
                input.rowCount < 2 * input.columnCount
                ? input.gram.matmul(delta) : input.rows.matmul(input.rows.transposed().matmul(delta))
        case let direction?: product = input.rows.matmul(direction.formed().transposed())
        case nil: product = Tensor.zeros(like: walk.preactivations[index])
        }
        if let bias = layer.bias.flatMap({ u[$0] }) { product.addInPlace(bias.formed()) }
        return product
    }

    /// What the derivative along u does to the backward pass.
    private struct Backward {
        /// `D_u Delta_l`.
        var deltas: [Tensor]
        /// `(D_u Delta_l) W_l`; that of the first layer is not needed.
        var products: [Tensor?]
    }

    private func pullback(_ forward: Forward, along u: Gradients) -> Backward {
        let curvature = walk.curvature(along: forward.preactivations[last])
        var backward = Backward(
            deltas: Array(repeating: curvature, count: layers.count),
            products: Array(repeating: nil, count: layers.count))
        for index in (1...last).reversed() {
            let moved = backward.deltas[index].matmul(layers[index].weight)
            backward.products[index] = moved
            let input = walk.inputs[index].rows
            // D_u (Delta W) = (D_u Delta) W + Delta u.
            var total = moved
            switch u[layers[index].weight] {
            case .product(let delta, let factor)?:
                total = total + deltas[index].matmul(delta.transposed(), factor.rows)
            case .tensor(let direction)?: total = total + deltas[index].matmul(direction)
            case nil: break
            }
            var below = total * slopes[index - 1]
            let activation = walk.perceptron.activations[index - 1]
            if let second = activation.secondDerivative(at: walk.preactivations[index - 1], output: input),
                let pulled = pulled[index]
            {
                below = below + second * forward.preactivations[index - 1] * pulled
            }
            backward.deltas[index - 1] = below
        }
        return backward
    }

    // MARK: Directions

    private func exactDirection(
        _ index: Int, _ forward: Forward, _ backward: Backward
    ) throws(TorchError) -> (left: [Tensor], right: [Tensor]) {
        let inverse = try walk.pseudoInverse(index)
        // The projection A A^+ is symmetric.
        var image = inverse.fit(backward.deltas[index])
        if let tangent = forward.inputs[index] {
            let weights = inverse.dual.narrowed(1, to: 0..<tangent.size(1))
            image = image + weights.matmul(tangent.transposed(), deltas[index])
        }
        guard let upper = pulled[index + 1], let moved = backward.products[index + 1],
            let tangent = forward.inputs[index + 1]
        else { fatalError("a layer above another one has an input") }
        let left = [image / slopes[index] - moved, -upper]
        // The inverse has no derivative there. The elements that leave a unit alone are a group of their own.
        for unit in walk.perceptron.activations[index].saturatedUnits(slopes[index]) {
            for part in left { part.selected(1, unit).fill(0) }
        }
        return (left, [walk.inputs[index + 1].rows, tangent])
    }

    private func approximateDirection(
        _ index: Int, _ forward: Forward, _ backward: Backward
    ) throws(TorchError) -> (left: [Tensor], right: [Tensor]) {
        let inverse = try walk.pseudoInverse(index + 1)
        guard let upper = pulled[index + 1], let moved = backward.products[index + 1],
            let tangent = forward.inputs[index + 1]
        else { fatalError("a layer above another one has an input") }
        let image = inverse.fit(moved) + inverse.dual.matmul(tangent.transposed(), upper)
        let left = backward.deltas[index] - slopes[index] * image
        guard let seen = forward.products[index] else { return ([left], [walk.preactivations[index]]) }
        return ([left, deltas[index]], [walk.preactivations[index], seen])
    }

    /// The pull-back of a vector a of the parameters to T of a pair, `[k, k]`: of the exact action
    /// `(((A^+)^T a_V^T) / sigma'(Z))^T S - U^T a_U`, of the approximate one
    /// `a_V V^T - (sigma'(Z) ((S^+)^T a_U^T U))^T Z`.
    private func pullbackToAlgebra(_ a: Gradients, _ index: Int) throws(TorchError) -> Tensor {
        let (lower, upper) = (layers[index], layers[index + 1])
        func formed(_ parameter: Tensor) -> Tensor { a[parameter]?.formed() ?? Tensor.zeros(like: parameter) }
        let (below, above) = (formed(lower.weight), formed(upper.weight))
        switch walk.action {
        case .exact:
            let inverse = try walk.pseudoInverse(index)
            let columns =
                lower.bias.map { .concatenated([below, formed($0).expanded(at: 1)], along: 1) } ?? below
            let image = inverse.dual.matmul(columns.transposed()) / slopes[index]
            let fromUpper = upper.weight.transposed().matmul(above)
            for unit in walk.perceptron.activations[index].saturatedUnits(slopes[index]) {
                image.selected(1, unit).fill(0)
                fromUpper.selected(0, unit).fill(0)
            }
            return image.transposed().matmul(walk.inputs[index + 1].rows) - fromUpper
        case .approximate:
            let inverse = try walk.pseudoInverse(index + 1)
            let image = inverse.dual.matmul(above.transposed(), upper.weight) * slopes[index]
            var result = below.matmul(lower.weight.transposed())
            if let bias = lower.bias {
                result = result + formed(bias).expanded(at: 1).matmul(bias.expanded(at: 0))
            }
            return result - image.transposed().matmul(walk.preactivations[index])
        }
    }
}

/// A direction on the orbit: T of each pair of layers.
final class SymmetryDirection: OrbitDirection {
    private let walk: SymmetryWalk
    private(set) var elements: [ParameterGradient]
    /// By what multiple of the direction the parameters are away from the place.
    private var taken = 0.0
    /// The place and the elements there, where a search comes back to it.
    private var start: (mark: SymmetryWalk.Mark, elements: [ParameterGradient])?

    /// A direction on a walk.
    init(_ elements: [ParameterGradient], on walk: SymmetryWalk) {
        self.elements = elements
        self.walk = walk
    }

    /// To first order the objective rises by eta times this, as where weights move along its gradient.
    /// Of the elements as they are: moves shorten them where units would leave the range of their activation.
    var slope: Double { elements.squaredNorm() }

    var isZero: Bool { elements.allSatisfy { $0.isZero } }

    /// Every step of the search begins at the place itself.
    func beginSearch(from value: Double) { start = (walk.mark(), elements) }

    /// The elements along one T commute, so that without a search a step is shortened by a step back, which needs no copy of
    /// the parameters. With several pairs of layers, or the approximate action, that leads to where the shorter step does
    /// only to second order; the loss stays either way.
    func take(_ eta: Double, part: Double) throws(TorchError) -> Int? {
        if let start {
            walk.goBack(to: start.mark)
            (elements, taken) = (start.elements, 0)
            if part == 0 { return 0 }
        }
        let halvings = try walk.move(along: &elements, scale: eta * part - taken)
        taken = eta * part
        return halvings
    }
}
