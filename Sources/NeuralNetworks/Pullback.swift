import Torch

/// What a pull-back collects on its way from a model's output to its input.
public struct Pullback {
    /// dL/d(parameter) for each parameter that is met.
    public var gradients = Gradients()
    /// Last to first, as they are met.
    private var records: [(site: AffineSite, delta: Tensor)] = []

    /// Whether the gradients of parameters are asked for; without, a pull-back is on its way to a cotangent alone.
    public let needsGradients: Bool

    /// Nothing yet.
    public init(needsGradients: Bool = true) { self.needsGradients = needsGradients }

    /// Nothing yet of a loss whose samples are spread over processes: the gradients are handed on to be added up.
    init(summedBy reduction: GradientReduction) {
        needsGradients = true
        gradients = Gradients(handedTo: reduction)
    }

    /// The affine maps that were met, in the order of the forward pass.
    public var sites: [AffineSite] { records.reversed().map(\.site) }

    /// Notes dL/dz at the output z of an affine map, Delta in NS25 section 3.2: `[m, out]`, or the shape that the input's
    /// `product` takes.
    public mutating func record(_ delta: Tensor, at site: AffineSite) { records.append((site, delta)) }

    /// dL/dz at the output of an affine map; nil if it was not met.
    public subscript(site: AffineSite) -> Tensor? { records.first { $0.site === site }?.delta }

    /// Whether every use of a parameter that gave a gradient was as weight or bias of an affine map that is recorded here.
    /// Only then does what the maps read say how the parameter may move.
    public func isUsedBySitesOnly(_ parameter: Tensor) -> Bool {
        let uses = records.count { record in
            record.site.weight.isIdentical(to: parameter) || record.site.bias?.isIdentical(to: parameter) == true
        }
        return uses == gradients.useCount(of: parameter)
    }
}
