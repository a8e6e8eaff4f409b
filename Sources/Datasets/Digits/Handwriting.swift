/// The hand that writes a digit: everything that differs from sample to sample but the choice of the glyph.
///
/// Only exactly rounded operations are used, no sines, so that the result is the same on each machine.
struct Handwriting {
    /// How far the points of a glyph stray, as a part of its size.
    private static let jitter: Float = 0.04
    /// How strongly the plane is bent.
    private static let bend: Float = 0.12

    // The linear map of the plane, and the quadratic one added to it.
    private let xx, xy, yx, yy: Float
    private let bends: [SIMD2<Float>]

    /// A random hand.
    init(using random: inout SplitMix64) {
        // A rotation by 2 atan(t), rational in t: about 9 degrees, at most 31.
        let t = random.normal(deviation: 0.08)
        let cosine = (1 - t * t) / (1 + t * t)
        let sine = 2 * t / (1 + t * t)
        // Most hands lean to the right.
        let slant = 0.1 + random.normal(deviation: 0.22)
        let width = random.uniform(0.6, 1.1)
        // First narrowed and slanted, then rotated.
        xx = cosine * width
        xy = cosine * -slant - sine
        yx = sine * width
        yy = sine * -slant + cosine
        bends = (0..<3).map { _ in
            [random.normal(deviation: Self.bend), random.normal(deviation: Self.bend)]
        }
    }

    /// The curves of a glyph as this hand writes it, centred at about 0.
    func write(_ glyph: Glyph, using random: inout SplitMix64) -> [Curve] {
        glyph.strokes.map { stroke in
            let points = stroke.points.map { point in
                point + [random.normal(deviation: Self.jitter), random.normal(deviation: Self.jitter)]
            }
            var curve = Curve(through: points, corners: stroke.corners)
            for index in curve.points.indices { curve.points[index] = map(curve.points[index]) }
            return curve
        }
    }

    private func map(_ point: SIMD2<Float>) -> SIMD2<Float> {
        // From -1 to 1, where the quadratic terms are of the order of the linear ones.
        let x = 2 * point.x - 1
        let y = 2 * point.y - 1
        let bent: SIMD2<Float> = [x, y] + (x * x) * bends[0] + (x * y) * bends[1] + (y * y) * bends[2]
        return [xx * bent.x + xy * bent.y, yx * bent.x + yy * bent.y]
    }
}
