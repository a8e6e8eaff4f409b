import NeuralNetworks
import Torch

/// The direction as published: backward through the backward pass, then projected.
final class DoubleBackwardAscent<Model: Layer, Objective: Loss>: NullSpaceAscent {
    private let model: Model
    private let loss: Objective
    private let batch: Batch
    /// The maps that can move, with their positions among all.
    private let maps: [(position: Int, map: AffineSite)]
    private var differentiated: TwiceDifferentiableLoss?

    /// - Parameters:
    ///   - model: The model.
    ///   - loss: The loss.
    ///   - batch: The teleport batch.
    ///   - linearized: Their linearization, which tells the maps that read the data from those that can move.
    init(_ model: Model, _ loss: Objective, on batch: Batch, _ linearized: LinearizedLoss) {
        self.model = model
        self.loss = loss
        self.batch = batch
        let tangents = linearized.model.pushforward(nil, along: linearized.pullback().gradients).collected
        maps = tangents.sites.enumerated().filter { tangents[$0.element] != nil }
            .map { (position: $0.offset, map: $0.element) }
    }

    func differentiate() -> [ParameterGradient] {
        let differentiated = TwiceDifferentiableLoss(model, loss, on: batch)
        self.differentiated = differentiated
        return differentiated.gradients.map { .tensor($0) }
    }

    func direction(in spaces: InputNullSpaces) throws(TorchError) -> [Move] {
        guard let differentiated else { fatalError("direction(in:) before differentiate()") }
        var gradients = differentiated.hessianGradient(
            with: maps.flatMap { [$0.map.weight] + ($0.map.bias.map { [$0] } ?? []) })[...]
        var moves: [Move] = []
        for (position, map) in maps {
            let weight = gradients.removeFirst().flattened(from: 1)
            let bias = map.bias == nil ? nil : gradients.removeFirst()
            guard let projected = try spaces.of(map, at: position).project(weight, bias?.expanded(at: 1)) else {
                continue
            }
            moves.append(Move(parameter: map.matrix, direction: .tensor(projected.weight)))
            if let parameter = map.bias, let bias = projected.bias {
                moves.append(Move(parameter: parameter, direction: .tensor(bias.flattened())))
            }
        }
        return moves
    }
}
