import Reporting

/// The figures of a comparison: training and test loss over epochs, and over wall-clock time.
///
/// Lines are means over seeds, bands one standard deviation to either side; triangles mark teleports. Over time, every
/// seed's curve is interpolated onto the times of all of them before they are averaged.
package struct LossCurves: Equatable, Sendable {
    /// The losses over epochs, training on the left and test on the right.
    package let overEpochs: Figure
    /// The losses over seconds.
    package let overSeconds: Figure

    /// The figures of a summary.
    package init(_ summary: Summary) {
        let arms = [("baseline", summary.arms.baseline.runs), ("teleport", summary.arms.teleport.runs)]
        let losses: [(title: String, value: (EpochRecord) -> Double)] = [
            ("Training loss", \.trainLoss), ("Test loss", \.testLoss),
        ]
        let moments = Set(summary.arms.teleport.runs.flatMap(\.teleports).map(\.epoch)).sorted().map(Double.init)
        overEpochs = Figure(
            panels: losses.map { title, value in
                Self.chart(
                    title, horizontalLabel: "epoch", markers: moments,
                    curves: arms.map { ($0, MeanCurve(of: value, overEpochsOf: $1)) })
            })
        let seconds = MeanCurve(of: \.seconds, overEpochsOf: summary.arms.teleport.runs)
        overSeconds = Figure(
            panels: losses.map { title, value in
                Self.chart(
                    title, horizontalLabel: "wall-clock time (s)",
                    // A teleport before the first epoch is at the start, whatever the first record is.
                    markers: moments.map { $0 == 0 ? 0 : seconds.mean(at: $0) },
                    curves: arms.map { ($0, MeanCurve(of: value, overSecondsOf: $1)) })
            })
    }

    /// The figures, `loss-over-epochs` and `loss-over-seconds`.
    package var figures: [NamedFigure] {
        [.init("loss-over-epochs", overEpochs), .init("loss-over-seconds", overSeconds)]
    }

    /// A chart of losses, logarithmic where they go over more than a decade.
    ///
    /// - Parameters:
    ///   - title: The text above.
    ///   - horizontalLabel: What the curves are over.
    ///   - markers: Where teleports were; in the colour of the second curve.
    ///   - curves: The curves and their names.
    package static func chart(
        _ title: String, horizontalLabel: String, markers: [Double], curves: [(name: String, curve: MeanCurve)]
    ) -> LineChart {
        let losses = curves.flatMap { $0.curve.y.map(\.mean) }.filter(\.isFinite)
        // Losses over more than a decade: on a linear axis, the later epochs would all lie on the bottom.
        let isLogarithmic = (losses.min() ?? 0) > 0 && losses.max()! > 10 * losses.min()!
        return LineChart(
            title: title + (isLogarithmic ? " (logarithmic scale)" : ""), horizontalLabel: horizontalLabel,
            isLogarithmic: isLogarithmic,
            series: curves.map { name, curve in
                LineChart.Series(name: name, x: curve.x, y: curve.y)
            },
            markers: markers.isEmpty ? nil : LineChart.Markers(name: "a teleport", x: markers, series: 1))
    }
}
