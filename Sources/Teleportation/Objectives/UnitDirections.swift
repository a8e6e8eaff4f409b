import Torch

/// Directions drawn uniformly from the unit sphere of all parameters together; D of PS24 eq. 4.
///
/// They follow from a seed, and one is drawn when it is its turn: as many as there are need not be in memory at once.
struct UnitDirections: Sequence {
    /// The parameters, whose shapes, element types and devices the parts of a direction have.
    let parameters: [Tensor]
    /// How many there are.
    let count: Int
    /// What they follow from.
    let seed: UInt64

    /// Draws the directions from the first one on; each is one tensor for each parameter.
    func makeIterator() -> some IteratorProtocol<[Tensor]> {
        let generator = Torch.Generator(seed: seed)
        return (0..<count).lazy.map { _ in direction(using: generator) }.makeIterator()
    }

    /// Normal numbers have no preferred direction.
    private func direction(using generator: Torch.Generator) -> [Tensor] {
        let parts = parameters.map {
            Tensor.normal($0.shape, using: generator, dtype: $0.dtype).to(device: $0.device)
        }
        let norm = parts.map { $0.squaredNorm() }.total().squareRoot()
        for part in parts { part.multiplyInPlace(by: 1 / norm) }
        return parts
    }
}
