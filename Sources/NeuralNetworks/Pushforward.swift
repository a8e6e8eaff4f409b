import Torch

/// What a pushforward collects on its way from a model's input to its output.
public struct Pushforward {
    private var records: [(site: AffineSite, tangent: Tensor?)] = []

    /// Nothing yet.
    public init() {}

    /// The affine maps that were met, in the order of the forward pass.
    public var sites: [AffineSite] { records.map(\.site) }

    /// Notes the tangent of the input of an affine map, in the shape that the input's `product` takes; nil is zero.
    public mutating func record(_ tangent: Tensor?, at site: AffineSite) { records.append((site, tangent)) }

    /// The tangent of the input of an affine map; nil is zero.
    public subscript(site: AffineSite) -> Tensor? { records.first { $0.site === site }?.tangent }
}
