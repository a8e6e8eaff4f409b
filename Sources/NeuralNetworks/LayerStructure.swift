import Torch

/// What a layer says of itself, so that symmetries can be found in any model that is built from layers.
///
/// A layer has a structure and a structure has layers: `Layer` and this type need each other.
public enum LayerStructure {
    /// `x W^T + b` with a weight of rank 2, or the convolution with one of rank 4.
    case affine(weight: Tensor, bias: Tensor?)
    /// A function on each element that the library knows.
    case activation(Activation)
    /// Another function on each element; positively homogeneous if `f(c x) = c f(x)` for each c > 0.
    case elementwise(isPositivelyHomogeneous: Bool)
    /// Acts on each channel alone, and is positively homogeneous.
    case pooling
    /// Passes its input on, but for noise in training.
    case identity
    /// Normalizes, then multiplies each feature by a weight and adds a bias, `[D]` both; each channel if that is dimension 1, each
    /// feature of a token if it is the last one, -1.
    case normalization(weight: Tensor, bias: Tensor, dimension: Int)
    /// Scaled dot-product attention of queries, keys and values side by side, with so many heads.
    case scaledDotProductAttention(heads: Int)
    /// Makes one dimension of all but the first.
    case flattening
    /// Layers one after the other.
    case sequence([any Layer])
    /// `x + body(x)`.
    case residual(any Layer)
    /// Anything else.
    case opaque
}
