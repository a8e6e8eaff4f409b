import Torch

/// A direction on the orbit of a group: elements of its Lie algebra, from the identity.
protocol OrbitDirection: Direction {}

extension OrbitDirection {
    /// The element at distance 1 from the identity, to first order; how far it moves the weights is another matter.
    func reach(of parameters: [Tensor]) -> Double { 1 / slope.squareRoot() }
}
