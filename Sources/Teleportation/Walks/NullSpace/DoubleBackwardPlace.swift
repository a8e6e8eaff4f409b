import NeuralNetworks
import Torch

/// A place in the null space, and its direction as published: backward through the backward pass, then projected.
final class DoubleBackwardPlace: Place {
    private let walk: NullSpaceWalk
    private lazy var differentiated = walk.landscape.twiceDifferentiable()
    private(set) lazy var gradients = differentiated.gradients.map { ParameterGradient.tensor($0) }

    init(on walk: NullSpaceWalk) { self.walk = walk }

    var loss: Double { walk.lossBefore }

    func direction(of gradient: ObjectiveGradient) throws(TorchError) -> (any Direction)? {
        let pulled = walk.linearized.pullback()
        let pushed = walk.linearized.model.pushforward(nil, along: pulled.gradients).collected
        let explicit = gradient.explicit.map { Gradients(walk.landscape.parameters, $0) }
        // As in the closed form: of `H u` a map that reads the data has nothing.
        let weights = walk.movableWeights(pulled).filter {
            $0.tangents(in: pushed) != nil || explicit?[$0.weight] != nil
        }
        let moving = weights.flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) }
        guard !moving.isEmpty else { return nil }
        let products = gradient.hessianAlong.map {
            differentiated.hessianProduct(with: $0.map { $0.formed() }, for: moving)
        }
        func part(_ parameter: Tensor) -> Tensor? {
            let first = explicit?[parameter]?.formed()
            let second = products.flatMap { products in
                moving.firstIndex { $0.isIdentical(to: parameter) }.map { products[$0] }
            }
            return first.map { first in second.map { first + $0 } ?? first } ?? second
        }
        var moves: [Move] = []
        for weight in weights {
            guard let direction = part(weight.weight) else { continue }
            let bias = weight.bias.flatMap(part)
            let projected = try walk.space(of: weight).project(direction.flattened(from: 1), bias?.expanded(at: 1))
            if let projected { moves += weight.moves(along: projected) }
        }
        return moves.isEmpty ? nil : NullSpaceDirection(moves, on: walk)
    }
}
