/// One way of writing a digit: the strokes of the pen in the unit square, x to the right and y down.
struct Glyph {
    let strokes: [Stroke]

    /// A movement of the pen: a smooth curve through points, save for corners.
    struct Stroke {
        /// The points that the curve goes through.
        let points: [SIMD2<Float>]
        /// The indices of the points at which the curve turns sharply.
        let corners: Set<Int>

        init(_ points: [SIMD2<Float>], corners: Set<Int> = []) {
            self.points = points
            self.corners = corners
        }
    }

    init(_ strokes: Stroke...) { self.strokes = strokes }

    /// The ways of writing each of the ten digits.
    static let variants: [[Glyph]] = [zero, one, two, three, four, five, six, seven, eight, nine]

    private static let zero = [
        // Round, closed at the top.
        Glyph(
            Stroke([
                [0.55, 0.05], [0.25, 0.18], [0.12, 0.50], [0.25, 0.83], [0.50, 0.95], [0.76, 0.82], [0.88, 0.50],
                [0.76, 0.18], [0.52, 0.05],
            ])),
        // Narrow, the end crossing the beginning.
        Glyph(
            Stroke([
                [0.66, 0.14], [0.48, 0.05], [0.28, 0.28], [0.22, 0.60], [0.36, 0.92], [0.60, 0.88], [0.76, 0.55],
                [0.70, 0.20], [0.48, 0.08], [0.36, 0.14],
            ])),
    ]

    private static let one = [
        Glyph(Stroke([[0.50, 0.05], [0.50, 0.50], [0.50, 0.95]])),
        // With an upstroke.
        Glyph(Stroke([[0.27, 0.27], [0.52, 0.05], [0.52, 0.50], [0.52, 0.95]], corners: [1])),
        // With an upstroke and a foot.
        Glyph(
            Stroke([[0.30, 0.22], [0.52, 0.05], [0.52, 0.50], [0.52, 0.94]], corners: [1]),
            Stroke([[0.24, 0.95], [0.52, 0.94], [0.80, 0.95]])),
    ]

    private static let two = [
        // With a corner at the foot.
        Glyph(
            Stroke(
                [
                    [0.15, 0.27], [0.30, 0.09], [0.58, 0.05], [0.80, 0.24], [0.70, 0.50], [0.42, 0.74], [0.13, 0.94],
                    [0.50, 0.93], [0.88, 0.92],
                ], corners: [6])),
        // With a loop at the foot.
        Glyph(
            Stroke([
                [0.17, 0.22], [0.42, 0.05], [0.72, 0.16], [0.70, 0.44], [0.48, 0.74], [0.24, 0.92], [0.11, 0.84],
                [0.26, 0.74], [0.54, 0.88], [0.74, 0.94], [0.92, 0.85],
            ])),
    ]

    private static let three = [
        // Two bows.
        Glyph(
            Stroke(
                [
                    [0.18, 0.16], [0.48, 0.05], [0.76, 0.20], [0.66, 0.39], [0.40, 0.47], [0.74, 0.57], [0.82, 0.76],
                    [0.55, 0.95], [0.15, 0.85],
                ], corners: [4])),
        // Flat at the top.
        Glyph(
            Stroke(
                [
                    [0.17, 0.07], [0.48, 0.07], [0.80, 0.06], [0.44, 0.42], [0.74, 0.52], [0.84, 0.74], [0.56, 0.95],
                    [0.15, 0.87],
                ], corners: [2, 3])),
        // With a small loop in the middle.
        Glyph(
            Stroke([
                [0.22, 0.14], [0.52, 0.05], [0.74, 0.20], [0.58, 0.42], [0.38, 0.50], [0.40, 0.42], [0.66, 0.50],
                [0.78, 0.72], [0.52, 0.95], [0.16, 0.84],
            ])),
    ]

    private static let four = [
        // Open, with a bow.
        Glyph(
            Stroke([[0.22, 0.08], [0.14, 0.36], [0.24, 0.56], [0.52, 0.56], [0.80, 0.46]]),
            Stroke([[0.80, 0.08], [0.73, 0.50], [0.68, 0.95]])),
        // Open, with a corner.
        Glyph(
            Stroke([[0.30, 0.06], [0.22, 0.32], [0.12, 0.58], [0.50, 0.57], [0.90, 0.55]], corners: [2]),
            Stroke([[0.66, 0.24], [0.64, 0.60], [0.62, 0.95]])),
        // Closed.
        Glyph(
            Stroke(
                [
                    [0.90, 0.63], [0.50, 0.64], [0.10, 0.64], [0.38, 0.34], [0.66, 0.05], [0.65, 0.50], [0.64, 0.95],
                ],
                corners: [2, 4])),
    ]

    private static let five = [
        // The top drawn as a stroke of its own.
        Glyph(
            Stroke(
                [
                    [0.27, 0.08], [0.24, 0.27], [0.21, 0.45], [0.50, 0.38], [0.79, 0.53], [0.78, 0.80], [0.48, 0.96],
                    [0.14, 0.87],
                ], corners: [2]),
            Stroke([[0.27, 0.08], [0.55, 0.08], [0.86, 0.05]])),
        // In one stroke, smooth as an S.
        Glyph(
            Stroke([
                [0.84, 0.06], [0.54, 0.07], [0.31, 0.16], [0.29, 0.38], [0.50, 0.50], [0.70, 0.64], [0.68, 0.86],
                [0.42, 0.96], [0.14, 0.86],
            ])),
    ]

    private static let six = [
        // Round.
        Glyph(
            Stroke([
                [0.72, 0.06], [0.42, 0.19], [0.21, 0.50], [0.22, 0.81], [0.47, 0.95], [0.75, 0.84], [0.76, 0.62],
                [0.54, 0.51], [0.25, 0.68],
            ])),
        // Steep, with a small bowl.
        Glyph(
            Stroke([
                [0.50, 0.05], [0.34, 0.38], [0.27, 0.72], [0.42, 0.94], [0.66, 0.88], [0.70, 0.68], [0.52, 0.60],
                [0.30, 0.78],
            ])),
    ]

    private static let seven = [
        Glyph(Stroke([[0.12, 0.11], [0.50, 0.09], [0.86, 0.08], [0.60, 0.50], [0.44, 0.95]], corners: [2])),
        // With a bar.
        Glyph(
            Stroke([[0.14, 0.10], [0.50, 0.09], [0.86, 0.08], [0.60, 0.50], [0.42, 0.95]], corners: [2]),
            Stroke([[0.32, 0.52], [0.55, 0.50], [0.80, 0.47]])),
        // With a serif.
        Glyph(
            Stroke(
                [[0.13, 0.28], [0.16, 0.09], [0.50, 0.10], [0.86, 0.08], [0.66, 0.44], [0.56, 0.95]], corners: [1, 3])),
    ]

    private static let eight = [
        // In one stroke that crosses itself.
        Glyph(
            Stroke([
                [0.76, 0.16], [0.50, 0.05], [0.26, 0.20], [0.40, 0.42], [0.68, 0.58], [0.77, 0.80], [0.50, 0.95],
                [0.23, 0.80], [0.36, 0.57], [0.62, 0.41], [0.78, 0.22], [0.68, 0.09],
            ])),
        // Two circles.
        Glyph(
            Stroke([
                [0.52, 0.47], [0.29, 0.36], [0.32, 0.13], [0.54, 0.05], [0.74, 0.17], [0.71, 0.38], [0.50, 0.47],
            ]),
            Stroke([
                [0.52, 0.47], [0.24, 0.61], [0.22, 0.83], [0.50, 0.95], [0.78, 0.82], [0.75, 0.60], [0.50, 0.47],
            ])),
    ]

    private static let nine = [
        // With a straight leg.
        Glyph(
            Stroke(
                [
                    [0.76, 0.18], [0.52, 0.05], [0.24, 0.20], [0.28, 0.44], [0.56, 0.46], [0.76, 0.18], [0.74, 0.56],
                    [0.70, 0.95],
                ], corners: [5])),
        // With a bent leg.
        Glyph(
            Stroke([
                [0.74, 0.28], [0.58, 0.06], [0.27, 0.14], [0.24, 0.40], [0.50, 0.50], [0.74, 0.26], [0.76, 0.60],
                [0.60, 0.92], [0.24, 0.90],
            ])),
        // Closed on the way down.
        Glyph(
            Stroke([
                [0.68, 0.12], [0.40, 0.07], [0.25, 0.30], [0.46, 0.48], [0.68, 0.30], [0.74, 0.12], [0.68, 0.52],
                [0.52, 0.95],
            ])),
    ]
}
