import NeuralNetworks
import Torch

/// A weight that null-space moves may change, and all that uses it: a change must be orthogonal to the rows of all its inputs.
struct MovableWeight {
    /// `[out, ...]`.
    let weight: Tensor
    /// The bias that moves with it, `[out]`: that of every site, if they have the same one.
    let bias: Tensor?
    /// Where the weight is used, in the order of the forward pass.
    let sites: [AffineSite]

    /// A parameter, and the direction in which to move it.
    struct Move {
        let parameter: Tensor
        let direction: ParameterGradient
    }

    /// Those of a linearized model.
    ///
    /// A weight rests if one of its uses is none as the weight of an affine map, as of an embedding whose vectors are the rows
    /// of the head, or if it shares storage with another one that is used.
    ///
    /// - Parameter pulled: What a pull-back through the model collected.
    static func all(in pulled: Pullback) -> [MovableWeight] {
        var groups: [(weight: Tensor, sites: [AffineSite])] = []
        for site in pulled.sites {
            if let index = groups.firstIndex(where: { $0.weight.isIdentical(to: site.weight) }) {
                groups[index].sites.append(site)
            } else {
                groups.append((site.weight, [site]))
            }
        }
        return groups.indices.compactMap { index in
            let (group, others) = (groups[index], groups[..<index] + groups[(index + 1)...])
            guard !others.contains(where: { $0.weight.sharesStorage(with: group.weight) }),
                pulled.isUsedBySitesOnly(group.weight)
            else { return nil }
            let bias = group.sites[0].bias
            let sharesBias =
                bias.map { bias in
                    pulled.isUsedBySitesOnly(bias)
                        && group.sites.allSatisfy { $0.bias?.isIdentical(to: bias) == true }
                        && !others.flatMap(\.sites).contains { $0.bias?.isIdentical(to: bias) == true }
                } ?? false
            return MovableWeight(weight: group.weight, bias: sharesBias ? bias : nil, sites: group.sites)
        }
    }

    /// Those of a linearized model that what other weights do can reach: not the ones that read the data alone.
    static func behindOthers(in linearized: LinearizedLoss) -> [MovableWeight] {
        let pulled = linearized.pullback()
        let pushed = linearized.model.pushforward(nil, along: pulled.gradients).collected
        return all(in: pulled).filter { $0.tangents(in: pushed) != nil }
    }

    /// The tangents of the inputs of its sites, if they move: a map that reads the data cannot.
    func tangents(in pushed: Pushforward) -> [Tensor?]? {
        let tangents = sites.map { pushed[$0] }
        return tangents.contains { $0 != nil } ? tangents : nil
    }

    /// The direction of the weight, `[out, columns]`, and the bias, `[out, 1]`, as moves of the parameters.
    func moves(along direction: (weight: Tensor, bias: Tensor?)) -> [Move] {
        moves(along: .tensor(direction.weight.reshaped(weight.shape)), direction.bias)
    }

    /// The direction of the weight and the bias, `[out, 1]`, as moves of the parameters.
    func moves(along weightDirection: ParameterGradient, _ biasDirection: Tensor?) -> [Move] {
        var moves = [Move(parameter: weight, direction: weightDirection)]
        if let bias, let biasDirection {
            moves.append(Move(parameter: bias, direction: .tensor(biasDirection.flattened())))
        }
        return moves
    }
}
