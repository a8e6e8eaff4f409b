/// The ways to teleport.
///
/// The raw values are the names that the teleporters give.
public enum TeleportMethod: String, CaseIterable, Sendable {
    /// Null-space gradient projection (NS25): any model of affine maps.
    case nullSpace = "null-space"
    /// Group actions between the layers of a perceptron (ST22, PS24).
    case symmetry
    /// Successive linear steps along the level set (LS24): any model, with some drift.
    case levelSet = "level-set"
    /// Exact symmetries of the architecture, climbed: models with two affine layers one after the other, attention or normalizations.
    case gauge
    /// Random rescaling of hidden units (NT23): models with two affine layers one after the other.
    case random
    /// Hidden units rescaled to the smallest weights (ENorm): models with two affine layers one after the other.
    case equalize
    /// Group elements that a meta-optimizer has learned to choose (PS24): perceptrons with the layer sizes that it was trained on.
    case learned

    /// The teleporters of the method.
    package var teleporter: any TextualTeleporter.Type {
        switch self {
        case .nullSpace: NullSpaceTeleporter.self
        case .symmetry: SymmetryTeleporter.self
        case .levelSet: LevelSetTeleporter.self
        case .gauge: GaugeTeleporter.self
        case .random: RandomTeleporter.self
        case .equalize: EqualizingTeleporter.self
        case .learned: LearnedTeleporter.self
        }
    }
}
