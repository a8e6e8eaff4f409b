import TextForms

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

    /// The teleporter that a text stands for: the name of a method, and after a colon the settings that are to differ from the
    /// standard ones; several, with plus signs between, for one after the other on each batch. Teleporters of the package print as
    /// such texts, and the command line takes them.
    ///
    /// ```swift
    /// let plan = TeleportPlan(try TeleportMethod.teleporter(from: "null-space:tau=0.99,scope=dataset"))
    /// ```
    ///
    /// - Throws: An error that names the part of the text that stands for nothing, and what to write instead.
    public static func teleporter(from text: String) throws -> any Teleporter { try MethodText(text: text).teleporter }

    /// The teleporters of the method.
    package var teleporter: any TextualTeleporter.Type {
        switch self {
        case .nullSpace: NullSpaceTeleporter.self
        case .symmetry: SymmetryTeleporter.self
        case .levelSet: LevelSetTeleporter.self
        case .gauge: GaugeTeleporter.self
        case .random: RandomTeleporter.self
        case .equalize: EqualizingTeleporter.self
        }
    }
}
