import Foundation
import Testing

@testable import Teleportation

/// How far a solution is from a bent minimum that has shifted, PS24 appendix E.2.
@Suite struct MinimumCurveTests {
    private static let curves: [MinimumCurve] = [0.01, 0.5, 1, 2, 7, 160].flatMap {
        [MinimumCurve.parabola(curvature: $0), .circle(curvature: $0)]
    }

    /// The points of a curve by a parameter, and the range of the parameter in which the nearest point lies.
    private func point(_ curve: MinimumCurve, _ t: Double) -> (x: Double, y: Double) {
        switch curve {
        case .parabola(let curvature): (t, curvature * t * t / 2)
        case .circle(let curvature): (cos(t) / curvature, (sin(t) + 1) / curvature)
        }
    }

    @Test("No point of the curve is nearer, and one is as near", arguments: curves)
    func distances(curve: MinimumCurve) {
        for (x, y) in [(0.3, 0.2), (-0.4, 0.9), (0.1, -0.7), (0, 0.8), (0, -0.8), (2, 1), (-1, 0.01)] {
            let range =
                switch curve {
                case .parabola: -3.0...3.0
                case .circle: -Double.pi...Double.pi
                }
            func distance(_ t: Double) -> Double {
                let p = point(curve, t)
                return hypot(p.x - x, p.y - y)
            }
            // The nearest of many points, and then the nearest between its neighbours.
            let count = 4000
            let step = (range.upperBound - range.lowerBound) / Double(count)
            let best = (0...count).map { range.lowerBound + Double($0) * step }.min { distance($0) < distance($1) }!
            var (low, high) = (best - step, best + step)
            for _ in 0..<100 {
                let (a, b) = (low + (high - low) / 3, high - (high - low) / 3)
                if distance(a) < distance(b) { high = b } else { low = a }
            }
            #expect(abs(curve.distance(from: (x, y)) - distance((low + high) / 2)) < 1e-7, "\(curve) (\(x), \(y))")
        }
    }

    @Test("The mean over all directions is that of many directions", arguments: curves)
    func expectedDistances(curve: MinimumCurve) {
        for radius in [0.005, 0.2, 2] {
            let count = 40_000
            let mean =
                (0..<count).map { index in
                    let angle = 2 * Double.pi * (Double(index) + 0.5) / Double(count)
                    return curve.distance(from: (radius * cos(angle), radius * sin(angle)))
                }.reduce(0, +) / Double(count)
            #expect(abs(curve.expectedDistance(shiftedBy: radius) / mean - 1) < 1e-7, "\(curve) \(radius)")
        }
    }

    @Test("A line, a half-line and a point are the limits")
    func limits() {
        let line = 2 / Double.pi
        for curve in [MinimumCurve.parabola(curvature: 0), .circle(curvature: 0)] {
            #expect(abs(curve.expectedDistance(shiftedBy: 3) / 3 - line) < 1e-10)
        }
        #expect(abs(MinimumCurve.parabola(curvature: 1e-6).expectedDistance(shiftedBy: 1) - line) < 1e-6)
        // The branches of the parabola close: r below it, the distance from the axis above it.
        let closed = 0.5 + 1 / Double.pi
        #expect(abs(MinimumCurve.parabola(curvature: 1e9).expectedDistance(shiftedBy: 1) - closed) < 1e-3)
        // The circle shrinks to the origin.
        #expect(abs(MinimumCurve.circle(curvature: 1e9).expectedDistance(shiftedBy: 1) - 1) < 1e-6)
        #expect(MinimumCurve.circle(curvature: 2).expectedDistance(shiftedBy: 0) == 0)
    }

    @Test("As a share of the shift it depends on curvature times shift alone", arguments: curves)
    func scales(curve: MinimumCurve) {
        let scaled: MinimumCurve =
            switch curve {
            case .parabola(let curvature): .parabola(curvature: 8 * curvature)
            case .circle(let curvature): .circle(curvature: 8 * curvature)
            }
        let share = curve.expectedDistance(shiftedBy: 0.8) / 0.8
        #expect(abs(scaled.expectedDistance(shiftedBy: 0.1) / 0.1 / share - 1) < 1e-9)
    }
}
