import Torch

/// The first three derivatives of a curve in the space of the parameters at one of its points, and its curvature there.
///
/// Each is a list of tensors, the parts of one vector; they are the same parts in all three.
public struct CurveDerivatives {
    /// `gamma'`.
    public let first: [Tensor]
    /// `gamma''`.
    public let second: [Tensor]
    /// `gamma'''`.
    public let third: [Tensor]

    /// The derivatives of a curve.
    public init(first: [Tensor], second: [Tensor], third: [Tensor]) {
        require(
            first.map(\.shape) == second.map(\.shape) && first.map(\.shape) == third.map(\.shape),
            "derivatives of shapes \(first.map(\.shape)), \(second.map(\.shape)), \(third.map(\.shape)) of one curve")
        self.first = first
        self.second = second
        self.third = third
    }

    /// kappa, the length of the derivative of the unit tangent by the length of the curve; PS24 eq. 47. It is not a number where
    /// `gamma'` is zero.
    public var curvature: Double { Self.curvature(first, second).item() }

    /// kappa', the derivative of the curvature by the curve's parameter; PS24 eq. 51, of which the printed first term lacks a
    /// factor `1 / ||gamma'||`. It is not a number where the curvature is zero, and where `gamma'` is.
    public var curvatureDerivative: Double {
        let bend = Self.bend(first, second)
        let (speed, along) = (Self.dot(first, first).item(), Self.dot(first, second).item())
        let length = Self.dot(bend, bend).item().squareRoot()
        return Self.dot(bend, third).item() / (length * speed) - 3 * length * along / (speed * speed)
    }

    /// kappa, rank 0, in operations that autograd can follow.
    ///
    /// `(||gamma'||^2 ||gamma''||^2 - (gamma' . gamma'')^2)^(1/2) / ||gamma'||^3`, written with the part of `gamma''` across
    /// `gamma'`: no digits cancel.
    static func curvature(_ first: [Tensor], _ second: [Tensor]) -> Tensor {
        let bend = bend(first, second)
        return dot(bend, bend).squareRoot() / dot(first, first)
    }

    /// The part of `gamma''` across `gamma'`.
    private static func bend(_ first: [Tensor], _ second: [Tensor]) -> [Tensor] {
        let share = dot(first, second) / dot(first, first)
        return zip(first, second).map { $1 - $0 * share }
    }

    private static func dot(_ left: [Tensor], _ right: [Tensor]) -> Tensor {
        let products = zip(left, right).map { ($0 * $1).sum() }
        return products.dropFirst().reduce(products[0]) { $0 + $1 }
    }
}
