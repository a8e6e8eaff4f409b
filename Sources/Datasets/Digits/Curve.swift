/// A stroke as a chain of short straight segments.
struct Curve {
    /// The ends of the segments.
    var points: [SIMD2<Float>]

    private static let segmentsPerSpan = 5

    /// The curve through the points of a stroke: a Catmull-Rom spline, broken at the corners.
    init(through points: [SIMD2<Float>], corners: Set<Int>) {
        var result = [points[0]]
        result.reserveCapacity(1 + (points.count - 1) * Self.segmentsPerSpan)
        for start in 0..<points.count - 1 {
            let p1 = points[start]
            let p2 = points[start + 1]
            // At an end and at a corner there is no neighbour to be smooth with.
            let p0 = start == 0 || corners.contains(start) ? p1 : points[start - 1]
            let p3 = start + 2 == points.count || corners.contains(start + 1) ? p2 : points[start + 2]
            let linear = p2 - p0
            let quadratic = 2 * p0 - 5 * p1 + 4 * p2 - p3
            let cubic = 3 * (p1 - p2) + p3 - p0
            for step in 1...Self.segmentsPerSpan {
                let t = Float(step) / Float(Self.segmentsPerSpan)
                result.append(p1 + 0.5 * t * (linear + t * (quadratic + t * cubic)))
            }
        }
        self.points = result
    }
}
