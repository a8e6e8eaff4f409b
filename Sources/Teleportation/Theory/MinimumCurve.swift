import Foundation
import Torch

/// A minimum that is a curve in the plane of two parameters, and how far a solution on it is from the minimum once that has shifted;
/// PS24 appendix E.2.
///
/// The solution is the origin, where the curve touches the first axis. The data change, and the curve shifts by a distance in a
/// direction of which nothing is known. From it one learns that the curvature at the solution alone does not say whether a bent
/// minimum is the safer one: with growing curvature the distance from the shifted parabola, as a share of the shift r, falls at
/// first, from 0.637 to 0.614 near `kappa r = 1.9`, and then rises towards 0.818, while that from the circle falls as far as the paper
/// follows it, to `kappa r = 1`.
public enum MinimumCurve: Hashable, Sendable {
    /// `t -> (t, kappa t^2 / 2)`; gamma_1 of PS24 eq. 63 with `kappa = 2 k_1`.
    case parabola(curvature: Double)
    /// The circle of radius `1 / kappa` about `(0, 1 / kappa)`; gamma_2 of PS24 eq. 63 with `kappa = 1 / k_2`.
    case circle(curvature: Double)

    /// kappa at the origin, zero or more; zero is the straight line.
    public var curvature: Double {
        switch self {
        case .parabola(let curvature), .circle(let curvature): curvature
        }
    }

    /// The distance of a point from the curve; PS24 eq. 64.
    public func distance(from point: (x: Double, y: Double)) -> Double {
        require(curvature >= 0 && curvature.isFinite, "a minimum of curvature \(curvature)")
        guard curvature > 0 else { return abs(point.y) }
        switch self {
        case .circle:
            // |w - c| - 1 / kappa, without the difference of two large numbers.
            let (x, y) = (curvature * point.x, curvature * point.y - 1)
            let excess = curvature * (curvature * (point.x * point.x + point.y * point.y) - 2 * point.y)
            return abs(excess / (hypot(x, y) + 1)) / curvature
        case .parabola:
            let x = abs(point.x)
            let t = footOfPerpendicular(x: x, y: point.y)
            return hypot(t - x, curvature * t * t / 2 - point.y)
        }
    }

    /// The t of the parabola's point nearest to (x, y) with x of at least 0.
    ///
    /// It is the largest root of `kappa^2 t^3 / 2 + (1 - kappa y) t - x`, a cubic that is convex beyond zero: from the right of
    /// the root Newton's steps come down to it.
    private func footOfPerpendicular(x: Double, y: Double) -> Double {
        let (cubic, linear) = (curvature * curvature / 2, 1 - curvature * y)
        func value(_ t: Double) -> Double { (cubic * t * t + linear) * t - x }
        var t = max(x, (max(-linear, 0) / cubic).squareRoot())
        while value(t) < 0 { t *= 2 }
        while t > 0 {
            let slope = 3 * cubic * t * t + linear
            let next = t - value(t) / slope
            guard slope > 0, next < t else { break }
            t = next
        }
        return t
    }

    /// The mean distance of the origin from the curve shifted by a distance r, over all directions, to 1e-10 of r; PS24 eq. 65.
    ///
    /// For a straight line it is `2 r / pi` (PS24 eq. 66), and as a share of r it depends on `kappa r` alone.
    public func expectedDistance(shiftedBy radius: Double) -> Double {
        require(radius >= 0 && radius.isFinite, "a minimum that shifts by \(radius)")
        guard radius > 0 else { return 0 }
        // The curves are symmetric about the second axis: half of the angles do.
        func share(_ angle: Double) -> Double {
            distance(from: (radius * cos(angle), radius * sin(angle))) / radius
        }
        // Where the shifted point is on the curve the distance has a kink.
        let parts = [-Double.pi / 2, kink(radius), Double.pi / 2]
        return zip(parts, parts.dropFirst()).map { integral(of: share, from: $0, to: $1) }.reduce(0, +) / .pi * radius
    }

    /// The angle between -pi / 2 and pi / 2 at which the circle of radius r crosses the curve.
    private func kink(_ radius: Double) -> Double {
        let bend = curvature * radius
        switch self {
        case .circle: return asin(min(bend / 2, 1))
        // sin = bend cos^2 / 2.
        case .parabola: return asin(bend / (1 + (1 + bend * bend).squareRoot()))
        }
    }
}

/// Simpson's rule with intervals that are halved until two halves agree with the whole, to 1e-11.
private func integral(of function: (Double) -> Double, from start: Double, to end: Double) -> Double {
    typealias Sample = (x: Double, y: Double)
    func sample(_ x: Double) -> Sample { (x, function(x)) }
    func simpson(_ a: Sample, _ m: Sample, _ b: Sample) -> Double { (b.x - a.x) / 6 * (a.y + 4 * m.y + b.y) }
    func refined(_ a: Sample, _ m: Sample, _ b: Sample, whole: Double, tolerance: Double, depth: Int) -> Double {
        let (left, right) = (sample((a.x + m.x) / 2), sample((m.x + b.x) / 2))
        let (first, second) = (simpson(a, left, m), simpson(m, right, b))
        let difference = first + second - whole
        guard abs(difference) > 15 * tolerance, depth > 0 else { return first + second + difference / 15 }
        return refined(a, left, m, whole: first, tolerance: tolerance / 2, depth: depth - 1)
            + refined(m, right, b, whole: second, tolerance: tolerance / 2, depth: depth - 1)
    }
    let (a, m, b) = (sample(start), sample((start + end) / 2), sample(end))
    return refined(a, m, b, whole: simpson(a, m, b), tolerance: 1e-11, depth: 40)
}
