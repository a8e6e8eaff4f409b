/// The published ways to teleport.
package enum TeleportMethod: String, CaseIterable, Sendable {
    /// Null-space gradient projection (NS25): any model of affine maps.
    case nullSpace = "null-space"
    /// Group actions between the layers of a perceptron (ST22, PS24).
    case symmetry
    /// Successive linear steps along the level set (LS24): any model, with some drift.
    case levelSet = "level-set"
    /// Random rescaling of hidden units (NT23): perceptrons and convolutional networks of ReLU and its like.
    case random
}
