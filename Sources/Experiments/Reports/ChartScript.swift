/// The gnuplot commands of one chart within a figure.
///
/// The numbers go into named data blocks and the texts into single-quoted strings, in which gnuplot neither expands
/// macros nor runs shell commands; nothing else of the chart gets into the script.
struct ChartScript {
    private let chart: LineChart
    private let index: Int
    /// The finite points of each series, in pieces without gaps.
    private let pieces: [[[Point]]]

    private struct Point {
        var x: Double
        var y: Double
        var low: Double
        var high: Double
    }

    /// Grey-blue and orange first, for the two arms; then more of the Okabe-Ito colours, which colour-blind readers
    /// can tell apart.
    private static let colors = ["#5B7894", "#D55E00", "#009E73", "#CC79A7", "#0072B2", "#E69F00"]
    /// Squares, circles, diamonds and triangles, filled: the lines differ in a print without colours too.
    private static let pointTypes = [5, 7, 13, 9]
    /// A line of more points shows none, as they would hide it.
    private static let mostPointsShown = 25

    /// The commands of the chart that is the figure's `index`th.
    init(_ chart: LineChart, index: Int) {
        self.chart = chart
        self.index = index
        pieces = chart.series.map { series in
            Self.pieces(of: series, isLogarithmic: chart.isLogarithmic)
        }
    }

    /// The commands that define the chart's data blocks.
    var data: [String] {
        var lines: [String] = []
        for (number, pieces) in pieces.enumerated() where !pieces.isEmpty {
            lines.append("\(block(number)) << END")
            // An empty line between pieces makes a gap in the line and in its band.
            lines += pieces.map { piece in
                piece.map { "\($0.x) \($0.y) \($0.low) \($0.high)" }.joined(separator: "\n")
            }.joined(separator: "\n\n").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            lines.append("END")
        }
        if let markers = chart.markers, !marks.isEmpty {
            lines.append("\(block(markers: markers)) << END")
            lines += marks.map { "\($0)" }
            lines.append("END")
        }
        return lines
    }

    /// The commands that draw the chart at the current origin and size.
    var commands: [String] {
        let points = pieces.joined().joined()
        let horizontal = ChartAxis(fitting: points.map(\.x) + marks)
        let heights = points.flatMap { [$0.low, $0.high] }
        let vertical = chart.isLogarithmic ? ChartAxis(logarithmic: heights) : ChartAxis(rounding: heights)
        var lines = [
            "unset label",
            "set border 3 linecolor rgb '#8A9099' linewidth 1",
            "set grid ytics back linetype 1 linecolor rgb '#E4E7EB' linewidth 1",
            "unset grid",
            "set grid noxtics ytics back linetype 1 linecolor rgb '#E4E7EB' linewidth 1",
            "set tmargin 4.5",
            "set bmargin 3.8",
            "set lmargin 9",
            "set rmargin 3",
            // Above the frame, where no line can be.
            "set key at graph 0, graph 1 left bottom horizontal Left reverse samplen 2 textcolor rgb '#333333'",
            "set label \(Self.quoted(chart.title)) at graph 0, graph 1 offset 0,2.4 left font ',15'"
                + " textcolor rgb '#111111'",
            "set xlabel \(Self.quoted(chart.horizontalLabel)) textcolor rgb '#333333'",
            "set ylabel \(Self.quoted(chart.verticalLabel)) textcolor rgb '#333333'",
            chart.isLogarithmic ? "set logscale y" : "unset logscale y",
            "set xrange [\(horizontal.range.lowerBound):\(horizontal.range.upperBound)]",
            "set yrange [\(vertical.range.lowerBound):\(vertical.range.upperBound)]",
            "set xtics nomirror out scale 0.5 \(Self.tics(horizontal)) textcolor rgb '#333333'",
            "set ytics nomirror out scale 0.5 \(Self.tics(vertical)) textcolor rgb '#333333'",
        ]
        if points.isEmpty {
            lines.append("set label 'no finite values' at graph 0.5, graph 0.5 center textcolor rgb '#8A9099'")
        }
        lines.append("plot " + elements(bottom: vertical.range.lowerBound).joined(separator: ", "))
        return lines
    }

    /// A text as a gnuplot string.
    ///
    /// A single quote within is doubled; no other character is special. Line breaks would end the command, so they and
    /// other control characters become spaces.
    static func quoted(_ text: String) -> String {
        let line = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : String($0) }.joined()
        return "'" + line.replacing("'", with: "''") + "'"
    }

    /// What is plotted: all bands first, so that none covers a line.
    private func elements(bottom: Double) -> [String] {
        var bands: [String] = []
        var lines: [String] = []
        for (number, series) in chart.series.enumerated() {
            let color = Self.color(number)
            guard !pieces[number].isEmpty else {
                lines.append(
                    "NaN with lines linewidth 2.5 linecolor \(color)"
                        + " title \(Self.quoted(series.name + " (no finite values)"))")
                continue
            }
            if series.deviation != nil {
                bands.append(
                    "\(block(number)) using 1:3:4 with filledcurves fillcolor \(color)"
                        + " fillstyle transparent solid 0.18 noborder notitle")
            }
            let isSparse = series.x.count <= Self.mostPointsShown
            let type = Self.pointTypes[number % Self.pointTypes.count]
            let style = isSparse ? "linespoints pointtype \(type) pointsize 0.7" : "lines"
            lines.append(
                "\(block(number)) using 1:2 with \(style) linetype 1 linewidth 2.5 linecolor \(color)"
                    + " title \(Self.quoted(series.name))")
        }
        if let markers = chart.markers, !marks.isEmpty {
            lines.append(
                "\(block(markers: markers)) using 1:(\(bottom)) with points pointtype 9 pointsize 0.9"
                    + " linecolor \(Self.color(markers.series)) title \(Self.quoted(markers.name))")
        }
        return bands + lines
    }

    private var marks: [Double] { chart.markers?.x.filter(\.isFinite) ?? [] }

    private func block(_ series: Int) -> String { "$chart\(index)series\(series)" }

    private func block(markers: LineChart.Markers) -> String { "$chart\(index)markers" }

    private static func color(_ series: Int) -> String { "rgb '\(colors[series % colors.count])'" }

    private static func tics(_ axis: ChartAxis) -> String {
        "(" + zip(axis.labels, axis.tics).map { "'\($0)' \($1)" }.joined(separator: ", ") + ")"
    }

    private static func pieces(of series: LineChart.Series, isLogarithmic: Bool) -> [[Point]] {
        var pieces: [[Point]] = [[]]
        for index in series.x.indices {
            let (x, y) = (series.x[index], series.y[index])
            guard x.isFinite, y.isFinite, !isLogarithmic || y > 0 else {
                pieces.append([])
                continue
            }
            let deviation = series.deviation?[index].finite ?? 0
            let high = y + deviation
            // A logarithmic axis has no place for a band down to zero or below: there it is as high below the line as
            // above it, as the eye sees it.
            let low = isLogarithmic && deviation >= y ? y * (y / high) : y - deviation
            pieces[pieces.count - 1].append(Point(x: x, y: y, low: low, high: high))
        }
        return pieces.filter { !$0.isEmpty }
    }
}
