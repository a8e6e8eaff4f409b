/// Why the hidden units of a model cannot be rescaled or permuted.
public enum RescalingRefusal: Error, Hashable, CustomStringConvertible {
    /// The activation between two layers, by the name of its type, is not positively homogeneous.
    case notHomogeneous(activation: String)
    /// The symmetries of a layer, by the name of its type, are not known.
    case layer(String)
    /// Two layers that do not follow one another directly, by the names of their types: what is a unit of the first is
    /// none of the second.
    case sequence(String, String)
    /// There are no two dense layers or convolutions one after the other.
    case noHiddenUnits
    /// Layers share a weight, so that what suits one of them does not suit another.
    case sharedWeights

    /// A sentence for people.
    public var description: String {
        switch self {
        case .notHomogeneous(let activation):
            "hidden units before \(activation), which is not positively homogeneous, cannot be rescaled; permute them alone "
                + "(RandomTeleporter(rescaling: nil, permutes: true)), or use ReLU, LeakyReLU, or the null-space or "
                + "level-set method"
        case .layer(let name):
            "no symmetry of the hidden units of \(name) is known; use the null-space or the level-set method"
        case .sequence(let first, let second):
            "the units of \(first) cannot be followed into \(second); put Flatten between convolutions and "
                + "dense layers, pool before it, or use the null-space or the level-set method"
        case .noHiddenUnits:
            "the hidden units are what is moved, and the model has none; give it a hidden layer"
        case .sharedWeights:
            "the hidden units of layers that share a weight cannot be moved; use the null-space or the level-set method"
        }
    }
}
