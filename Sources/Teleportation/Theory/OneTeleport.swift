import Foundation
import Torch

/// What becomes of one teleport to the steepest point of a level set on the way down by gradient flow; ST22 Props. 5.5 and 5.6,
/// PS24 Prop. 3.5.
///
/// For a quadratic function the path passes steepest points alone, and no further teleport gains anything; the steepest point is
/// also the one nearest to the minimum. For other functions the least share says how much a second teleport would gain.
public struct OneTeleport: Hashable, Sendable {
    /// Where it leads: the steepest point of the level set.
    public let steepest: [Double]
    /// `||grad L||^2` there, as a multiple of what it is before.
    public let growth: Double
    /// The distance to the minimum after the teleport, as a share of that before.
    public let distanceShare: Double
    /// The losses of the path of gradient flow from there, from the first one down.
    public let losses: [Double]
    /// For each of them `||grad L||^2` as a share of the greatest on the level set: 1 where the point is the steepest one.
    public let shares: [Double]

    /// The least of the shares.
    public var leastShare: Double { shares.min() ?? 1 }

    /// Whether no further teleport would make the gradient longer by more than a millionth.
    public var isEnough: Bool { leastShare > 1 - 1e-6 }
}

extension TestFunction {
    /// The greatest `||grad L||^2` on the level set of a point.
    public func steepestSquaredGradientNorm(onLevelSetOf point: [Double]) -> Double {
        squaredGradientNorm(at: steepestPoint(onLevelSetOf: point))
    }

    /// One teleport from a point, and gradient flow from there.
    ///
    /// - Parameters:
    ///   - point: Where it begins, `[n]`; no minimum.
    ///   - share: The share of the loss at which the path ends.
    ///   - stations: The number of points of the path that are looked at, beside the first.
    public func oneTeleport(from point: [Double], downTo share: Double = 0.01, stations: Int = 20) -> OneTeleport {
        require(share > 0 && share < 1 && stations > 0, "a path to \(share) of the loss with \(stations) stations")
        let steepest = steepestPoint(onLevelSetOf: point)
        let path = gradientFlow(from: steepest, downTo: share, stations: stations)
        func distance(_ point: [Double]) -> Double { squaredNorm(moved(point, along: minimum, by: -1)).squareRoot() }
        return OneTeleport(
            steepest: steepest, growth: squaredGradientNorm(at: steepest) / squaredGradientNorm(at: point),
            distanceShare: distance(steepest) / distance(point), losses: path.map(value),
            shares: path.map {
                min(squaredGradientNorm(at: $0) / steepestSquaredGradientNorm(onLevelSetOf: $0), 1)
            })
    }

    /// The path of gradient flow, `dw/dt = -grad L`, at losses that fall by equal factors; a point and the stations after it.
    ///
    /// Its own clock is the logarithm of the loss, `dw/ds = -L grad L / ||grad L||^2`, so that it ends where the loss is the share
    /// asked for, however long that takes. Runge's and Kutta's method of fourth order, 100 steps between two stations.
    ///
    /// - Parameters:
    ///   - point: Where it begins, `[n]`; no critical point.
    ///   - share: The share of the loss at which it ends.
    ///   - stations: The number of points after the first.
    public func gradientFlow(from point: [Double], downTo share: Double, stations: Int) -> [[Double]] {
        func velocity(_ point: [Double]) -> [Double] {
            let gradient = gradient(at: point)
            let scale = -value(at: point) / squaredNorm(gradient)
            return gradient.map { scale * $0 }
        }
        let steps = 100
        let step = -log(share) / Double(stations * steps)
        var path = [point]
        for _ in 0..<stations {
            var w = path[path.count - 1]
            for _ in 0..<steps {
                let first = velocity(w)
                let second = velocity(moved(w, along: first, by: step / 2))
                let third = velocity(moved(w, along: second, by: step / 2))
                let fourth = velocity(moved(w, along: third, by: step))
                for (slope, weight) in [(first, 1.0), (second, 2), (third, 2), (fourth, 1)] {
                    w = moved(w, along: slope, by: step * weight / 6)
                }
            }
            path.append(w)
        }
        return path
    }

    /// The pairs of points where the greater loss goes with the smaller of the greatest gradient norms on the level sets.
    ///
    /// Where the loss is strictly convex and the symmetry reaches all of a level set there are none: the greatest gradient norm
    /// rises with the loss (PS24 Prop. A.2), and a run with teleports whose gradients have become small is at a small loss.
    ///
    /// - Parameter points: As the states of a run, each `[n]`.
    /// - Returns: Pairs of positions, the one with the greater loss first.
    public func pairsOutOfOrder(among points: [[Double]]) -> [(Int, Int)] {
        let losses = points.map(value)
        let norms = points.map { steepestSquaredGradientNorm(onLevelSetOf: $0) }
        // What rounding can turn round is no disorder.
        let resolution = 1e-9
        return points.indices.flatMap { high in
            points.indices.compactMap { low in
                losses[high] > losses[low] && norms[high] < norms[low] * (1 - resolution) ? (high, low) : nil
            }
        }
    }
}
