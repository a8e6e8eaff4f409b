import Foundation
import Torch

/// The level set through a point of a function of two parameters: the orbit of SO(2), with one angle theta for each of
/// its points; ST22 section 4.1.
///
/// The rotation by theta takes the coordinates (u, v) of the point to `(u cos - v sin, u sin + v cos)`.
public struct LevelCircle<Function: TestFunction> {
    /// The loss.
    public let function: Function
    /// (u, v) at theta = 0.
    private let coordinates: [Double]

    /// The level set through a point, which has the angle zero.
    ///
    /// - Parameters:
    ///   - function: A function of two parameters.
    ///   - point: w, two numbers.
    public init(of function: Function, through point: [Double]) {
        require(function.dimension == 2, "SO(2) acts on 2 parameters, not on \(function.dimension)")
        self.function = function
        coordinates = function.coordinates(of: point)
    }

    /// The point at an angle.
    public func point(at angle: Double) -> [Double] {
        function.point(withCoordinates: rotatedCoordinates(by: angle))
    }

    /// `||grad L||^2` at an angle.
    public func squaredGradientNorm(at angle: Double) -> Double { function.squaredGradientNorm(at: point(at: angle)) }

    /// `d ||grad L||^2 / d theta = 2 <H g, dw/d theta>` at an angle.
    public func derivative(at angle: Double) -> Double {
        let rotated = rotatedCoordinates(by: angle)
        let point = function.point(withCoordinates: rotated)
        let tangent = function.pointTangent(at: point, along: [-rotated[1], rotated[0]])
        let product = function.hessianVectorProduct(at: point, with: function.gradient(at: point))
        return 2 * dot(product, tangent)
    }

    /// Gradient ascent on theta with the objective `||grad L||^2`; ST22 section 6.1.
    ///
    /// - Parameters:
    ///   - angle: Where it starts.
    ///   - learningRate: What the derivative is multiplied by.
    ///   - steps: The number of steps.
    /// - Returns: The angles, one more than steps: the first is the start and the last the result.
    public func ascend(from angle: Double, learningRate: Double, steps: Int) -> [Double] {
        require(steps >= 0, "\(steps) steps of ascent")
        var angles = [angle]
        var angle = angle
        for _ in 0..<steps {
            angle += learningRate * derivative(at: angle)
            angles.append(angle)
        }
        return angles
    }

    /// The angle at which the gradient is the longest, to machine precision, between -pi and pi; zero if no point is
    /// steeper than that at zero.
    ///
    /// Where the derivative falls through zero between neighbouring samples, the interval is halved until no number is
    /// left between its ends.
    ///
    /// - Parameter samples: The number of angles at which the derivative is looked at. For the Rosenbrock function
    ///   `||grad L||^2` is a trigonometric polynomial of degree four, which has four maxima at most; for a quadratic
    ///   function it is one of degree two.
    public func steepestAngle(samples: Int = 512) -> Double {
        require(samples > 1, "a circle needs 2 samples or more, not \(samples)")
        var best = (angle: 0.0, value: squaredGradientNorm(at: 0))
        let angles = (0...samples).map { Double.pi * (2 * Double($0) / Double(samples) - 1) }
        let derivatives = angles.map(derivative)
        for index in 0..<samples where derivatives[index] > 0 && derivatives[index + 1] <= 0 {
            var (rising, falling) = (angles[index], angles[index + 1])
            while true {
                let middle = (rising + falling) / 2
                guard rising < middle && middle < falling else { break }
                if derivative(at: middle) > 0 { rising = middle } else { falling = middle }
            }
            let value = squaredGradientNorm(at: rising)
            if value > best.value { best = (rising, value) }
        }
        return best.angle
    }

    private func rotatedCoordinates(by angle: Double) -> [Double] {
        let (cosine, sine) = (cos(angle), sin(angle))
        let (u, v) = (coordinates[0], coordinates[1])
        return [u * cosine - v * sine, u * sine + v * cosine]
    }
}
