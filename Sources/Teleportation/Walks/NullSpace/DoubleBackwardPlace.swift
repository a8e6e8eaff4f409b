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
        // As in the closed form: of `H u` a map that reads the data has nothing.
        let weights =
            gradient.explicit == nil ? walk.weightsBehindOthers : walk.movableWeights(in: walk.linearized.pullback())
        let moving = weights.flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) }
        guard !moving.isEmpty, let formed = differentiated.formed(gradient, for: moving) else { return nil }
        var directions = formed[...]
        var moves: [MovableWeight.Move] = []
        for weight in weights {
            let direction = directions.removeFirst().flattened(from: 1)
            let bias = weight.bias.map { _ in directions.removeFirst().expanded(at: 1) }
            let projected = try walk.nullSpace(of: weight)?.project(direction, bias)
            if let projected { moves += weight.moves(along: projected) }
        }
        return moves.isEmpty ? nil : NullSpaceDirection(moves, on: walk)
    }
}
