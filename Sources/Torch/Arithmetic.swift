import CTorch

// Shapes broadcast as in NumPy and PyTorch.
extension Tensor {
    /// The elementwise sum.
    public static func + (left: Tensor, right: Tensor) -> Tensor { Tensor(ct_add(left.handle, right.handle, 1)) }
    /// The elementwise difference.
    public static func - (left: Tensor, right: Tensor) -> Tensor { Tensor(ct_add(left.handle, right.handle, -1)) }
    /// The elementwise product.
    public static func * (left: Tensor, right: Tensor) -> Tensor { Tensor(ct_mul(left.handle, right.handle)) }
    /// The elementwise quotient.
    public static func / (left: Tensor, right: Tensor) -> Tensor { Tensor(ct_div(left.handle, right.handle)) }
    /// Adds a number to each element.
    public static func + (left: Tensor, right: Double) -> Tensor { Tensor(ct_add_scalar(left.handle, right)) }
    /// Subtracts a number from each element.
    public static func - (left: Tensor, right: Double) -> Tensor { Tensor(ct_add_scalar(left.handle, -right)) }
    /// Multiplies each element by a number.
    public static func * (left: Tensor, right: Double) -> Tensor { Tensor(ct_mul_scalar(left.handle, right)) }
    /// Multiplies each element by a number.
    public static func * (left: Double, right: Tensor) -> Tensor { Tensor(ct_mul_scalar(right.handle, left)) }
    /// Divides each element by a number.
    public static func / (left: Tensor, right: Double) -> Tensor { Tensor(ct_mul_scalar(left.handle, 1 / right)) }
    /// The elements with their signs changed.
    public static prefix func - (operand: Tensor) -> Tensor { Tensor(ct_neg(operand.handle)) }

    /// The sum with `scale` times another tensor.
    public func adding(_ other: Tensor, scale: Double) -> Tensor {
        Tensor(ct_add_scaled(handle, other.handle, scale))
    }

    /// Each element raised to a power.
    public func power(_ exponent: Double) -> Tensor { Tensor(ct_pow_scalar(handle, exponent)) }
    /// The absolute values.
    public func absolute() -> Tensor { Tensor(ct_abs(handle)) }
    /// The square roots.
    public func squareRoot() -> Tensor { Tensor(ct_sqrt(handle)) }
    /// e to the power of each element.
    public func exponential() -> Tensor { Tensor(ct_exp(handle)) }
    /// The natural logarithms.
    public func logarithm() -> Tensor { Tensor(ct_log(handle)) }
    /// Where the elements of two tensors are equal, as `bool`.
    public func equals(_ other: Tensor) -> Tensor { Tensor(ct_eq(handle, other.handle)) }

    /// The hyperbolic tangents.
    public func tanh() -> Tensor { Tensor(ct_tanh(handle)) }
    /// `1 / (1 + exp(-x))`.
    public func sigmoid() -> Tensor { Tensor(ct_sigmoid(handle)) }
    /// `max(x, 0)`.
    public func relu() -> Tensor { Tensor(ct_relu(handle)) }
    /// `x` where it is positive, `slope x` elsewhere.
    public func leakyReLU(slope: Double) -> Tensor { Tensor(ct_leaky_relu(handle, slope)) }
    /// `x Phi(x)` with the distribution function Phi of the standard normal distribution.
    public func gelu() -> Tensor { Tensor(ct_gelu(handle)) }

    /// Each element, or the nearest bound if it is outside the range.
    public func clamped(to range: ClosedRange<Double>) -> Tensor {
        Tensor(ct_clamp(handle, range.lowerBound, range.upperBound))
    }

    /// The inverse hyperbolic tangents of elements within -1 and 1.
    public func inverseTanh() -> Tensor { Tensor(ct_atanh(handle)) }

    /// The inverse hyperbolic sines.
    public func inverseSinh() -> Tensor { Tensor(ct_asinh(handle)) }

    /// `self + share (end - self)`, elementwise.
    public func interpolated(to end: Tensor, share: Double) -> Tensor { Tensor(ct_lerp(handle, end.handle, share)) }

    // MARK: In place

    /// Sets every element to a number.
    public func fill(_ value: Double) { check(ct_fill_(handle, value)) }
    /// Takes over the elements of another tensor, converting and broadcasting them.
    public func copy(from source: Tensor) { check(ct_copy_(handle, source.handle)) }
    /// Adds `scale` times another tensor.
    public func addInPlace(_ other: Tensor, scale: Double = 1) { check(ct_add_(handle, other.handle, scale)) }
    /// Adds a number to each element.
    public func addInPlace(_ value: Double) { check(ct_add_scalar_(handle, value)) }
    /// Multiplies each element by a number.
    public func multiplyInPlace(by value: Double) { check(ct_mul_scalar_(handle, value)) }
    /// Adds `scale first * second`, elementwise.
    public func addProductInPlace(_ first: Tensor, _ second: Tensor, scale: Double) {
        check(ct_addcmul_(handle, first.handle, second.handle, scale))
    }
    /// Adds `share (end - self)`, elementwise.
    public func interpolateInPlace(to end: Tensor, share: Double) { check(ct_lerp_(handle, end.handle, share)) }

    // MARK: Reductions

    /// The sum of all elements, rank 0.
    public func sum() -> Tensor { Tensor(ct_sum(handle)) }
    /// The sums along dimensions, which go away unless kept with extent 1.
    public func sum(along dimensions: [Int], keepingDimensions: Bool = false) -> Tensor {
        withExtents(dimensions) { Tensor(ct_sum_dims(handle, $0, $1, keepingDimensions)) }
    }
    /// The mean of all elements, rank 0.
    public func mean() -> Tensor { Tensor(ct_mean(handle)) }
    /// The sum of the products of corresponding elements, rank 0.
    public func dot(_ other: Tensor) -> Tensor { Tensor(ct_vdot(handle, other.handle)) }
    /// The sum of the squares of all elements, rank 0.
    public func squaredNorm() -> Tensor { dot(self) }
    /// The square root of the sum of the squares of all elements, rank 0.
    public func norm() -> Tensor { Tensor(ct_norm(handle)) }
    /// The indices of the largest entries along a dimension, as `int64`.
    public func argmax(along dimension: Int = -1) -> Tensor { Tensor(ct_argmax(handle, Int64(dimension))) }
}
