import Torch

extension Layer {
    /// The path of a site's layer within this model, for people: the name of its weight up to `weight`, as in `2` for
    /// `2.weight`; empty if the weight is no parameter of the model. A weight that serves two sites has its first name.
    public func name(of site: AffineSite) -> String { name(ofLayerWith: site.weight) }

    /// The path of the layer with a weight within this model; see `name(of:)`.
    package func name(ofLayerWith weight: Tensor) -> String {
        guard let name = parameters.first(where: { $0.value.isIdentical(to: weight) })?.name else { return "" }
        guard name.hasSuffix("weight") else { return name }
        return String(name.dropLast("weight".count + 1))
    }
}
