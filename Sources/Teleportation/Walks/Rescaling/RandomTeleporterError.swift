/// A model that a random teleport cannot move.
public enum RandomTeleporterError: Error, Hashable, CustomStringConvertible {
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
            "a random teleport cannot rescale units before \(activation), which is not positively homogeneous; "
                + "permute them alone (rescaling: nil, permutes: true), or use ReLU, LeakyReLU, or the null-space or "
                + "level-set method"
        case .layer(let name):
            "a random teleport knows no symmetry of \(name); use the null-space or the level-set method"
        case .sequence(let first, let second):
            "a random teleport cannot follow the units of \(first) into \(second); put Flatten between convolutions and "
                + "dense layers, pool before it, or use the null-space or the level-set method"
        case .noHiddenUnits:
            "a random teleport moves hidden units, and the model has none; give it a hidden layer"
        case .sharedWeights:
            "a random teleport cannot move layers that share a weight; use the null-space or the level-set method"
        }
    }
}
