/// Draws curves with a round pen into a small grey image, anti-aliased by the distance of each pixel to the curves.
struct StrokeRenderer {
    /// The width and height of the image.
    static let size = 28

    /// How far inside the ink each pixel is, in pixels; negative outside.
    private var depth = [Float](repeating: 0, count: Self.size * Self.size)

    /// The thickness of a stroke, which changes steadily from the first point to the last, and how it fades out.
    struct Pen {
        /// The radius at the first and the last point, in pixels.
        var radii: (first: Float, last: Float)
        /// The width of the edge between full ink and none, in pixels.
        var softness: Float
    }

    /// Draws curves, whose coordinates are in pixels, with one pen for each.
    ///
    /// - Parameters:
    ///   - curves: The curves.
    ///   - pens: As many pens.
    ///   - ink: The value of a pixel all covered.
    ///   - image: The pixels in row-major order, all of which are set.
    mutating func draw(_ curves: [Curve], with pens: [Pen], ink: Float, into image: UnsafeMutablePointer<UInt8>) {
        depth.withUnsafeMutableBufferPointer { depth in
            let outside = -Float(Self.size)
            depth.update(repeating: outside)
            for (curve, pen) in zip(curves, pens) {
                Self.cover(depth.baseAddress!, with: curve, pen)
            }
            let softness = pens[0].softness
            for index in 0..<Self.size * Self.size {
                let coverage = depth[index] / softness + 0.5
                image[index] = coverage <= 0 ? 0 : UInt8(ink * min(coverage, 1) + 0.5)
            }
        }
    }

    private static func cover(_ depth: UnsafeMutablePointer<Float>, with curve: Curve, _ pen: Pen) {
        let reach = max(pen.radii.first, pen.radii.last) + pen.softness
        let last = Float(size - 1)
        let growth = (pen.radii.last - pen.radii.first) / Float(curve.points.count - 1)
        for index in 0..<curve.points.count - 1 {
            let start = curve.points[index]
            let end = curve.points[index + 1]
            let dx = end.x - start.x
            let dy = end.y - start.y
            // A segment of no length is a point; any positive divisor does then.
            let inverseSquaredLength = 1 / max(dx * dx + dy * dy, 1e-12)
            let radius = pen.radii.first + growth * Float(index)
            // Only pixels near the segment can be covered.
            let left = Int(max(min(start.x, end.x) - reach, 0))
            let right = Int(min(max(start.x, end.x) + reach, last))
            let top = Int(max(min(start.y, end.y) - reach, 0))
            let bottom = Int(min(max(start.y, end.y) + reach, last))
            var row = top
            while row <= bottom {
                let offsetY = Float(row) - start.y
                var column = left
                while column <= right {
                    let offsetX = Float(column) - start.x
                    // Where along the segment the nearest point is, from 0 to 1.
                    var nearest = (offsetX * dx + offsetY * dy) * inverseSquaredLength
                    if nearest < 0 { nearest = 0 } else if nearest > 1 { nearest = 1 }
                    let distanceX = offsetX - nearest * dx
                    let distanceY = offsetY - nearest * dy
                    let distance = (distanceX * distanceX + distanceY * distanceY).squareRoot()
                    let value = radius + growth * nearest - distance
                    let pixel = row * size + column
                    if value > depth[pixel] { depth[pixel] = value }
                    column += 1
                }
                row += 1
            }
        }
    }
}
