/// The gnuplot commands of one chart within a figure.
///
/// The numbers go into named data blocks and the texts into single-quoted strings, in which gnuplot neither expands
/// macros nor runs shell commands; nothing else of the chart gets into the script.
struct ChartScript {
    /// The width of a chart with all that belongs to it, in pixels.
    static let width = 560.0
    /// The height of a figure, in pixels.
    static let height = 400.0

    private let chart: LineChart
    private let index: Int
    private let count: Int
    /// The edges of the frame within the figure, in pixels from its lower left corner; the legend stands below `top`.
    private let frame: (left: Double, right: Double, bottom: Double, top: Double)
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
    /// Squares, circles, diamonds and downward triangles, filled: the lines differ in a print without colours too.
    private static let pointTypes = [5, 7, 13, 11]
    private static let dashes = " dashtype (6,4)"
    /// Upward triangles.
    private static let markerPointType = 9
    private static let textColor = "textcolor rgb '#333333'"
    /// A line of more points shows none, as they would hide it.
    private static let mostPointsShown = 25

    /// The commands of the chart at `index` of a figure of `count` charts.
    init(_ chart: LineChart, index: Int, of count: Int) {
        self.chart = chart
        self.index = index
        self.count = count
        let left = Double(index) * Self.width
        frame = (left + 80, left + Self.width - 25, 66, Self.height - 45)
        pieces = chart.series.map { series in
            Self.pieces(of: series, on: chart)
        }
    }

    /// The commands that define the chart's data blocks.
    var data: [String] {
        var lines: [String] = []
        for (number, pieces) in pieces.enumerated() where !pieces.isEmpty {
            lines.append("\(block(number)) << END")
            // An empty line between pieces makes a gap in the line and in its band.
            lines.append(
                pieces.map { piece in
                    piece.map { "\($0.x) \($0.y) \($0.low) \($0.high)" }.joined(separator: "\n")
                }.joined(separator: "\n\n"))
            lines.append("END")
        }
        if let markers = chart.markers, !marks.isEmpty {
            lines.append("\(block(markers: markers)) << END")
            lines += marks.map { "\($0)" }
            lines.append("END")
        }
        for (number, points) in chart.points.enumerated() where !places(points).isEmpty {
            lines.append("\(block(points: number)) << END")
            lines += places(points).map { "\($0.x) \($0.y)" }
            lines.append("END")
        }
        if !chart.contours.isEmpty {
            lines.append("\(contourBlock) << END")
            // An empty line sets one curve apart from the next.
            for contour in chart.contours {
                lines += zip(contour.x, contour.y).map { $0.isFinite && $1.isFinite ? "\($0) \($1)" : "" } + [""]
            }
            lines.append("END")
        }
        return lines
    }

    /// The commands that draw the chart in its place in the figure.
    var commands: [String] {
        let points = pieces.joined().joined()
        let places = chart.points.flatMap(places)
        let horizontal = axis(points.map(\.x) + marks + places.map(\.x))
        let vertical = verticalAxis(points.flatMap { [$0.low, $0.high] } + places.map(\.y))
        let legend = Legend(entries: legendEntries, width: Double(frame.right - frame.left))
        let top = frame.top - legend.height
        var lines = [
            "unset label",
            "unset arrow",
            "unset key",
            "set border 3 linecolor rgb '#8A9099' linewidth 1",
            "set grid noxtics ytics back linetype 1 linecolor rgb '#E4E7EB' linewidth 1",
            "set lmargin at screen \(horizontally(frame.left))",
            "set rmargin at screen \(horizontally(frame.right))",
            "set bmargin at screen \(vertically(frame.bottom))",
            "set tmargin at screen \(vertically(top))",
            "set label \(Self.quoted(chart.title)) at \(place(frame.left, frame.top + 14)) left font ',17'"
                + " textcolor rgb '#111111'",
            "set xlabel \(Self.quoted(chart.horizontalLabel)) offset 0,0.3 \(Self.textColor)",
            "set ylabel \(Self.quoted(chart.verticalLabel)) \(Self.textColor)",
            chart.isHorizontallyLogarithmic ? "set logscale x" : "unset logscale x",
            chart.isLogarithmic ? "set logscale y" : "unset logscale y",
            "set xrange [\(horizontal.range.lowerBound):\(horizontal.range.upperBound)]",
            "set yrange [\(vertical.range.lowerBound):\(vertical.range.upperBound)]",
            "set xtics nomirror out scale 0.5 \(Self.tics(horizontal)) \(Self.textColor)",
            "set ytics nomirror out scale 0.5 \(Self.tics(vertical)) \(Self.textColor)",
        ]
        for (entry, position) in zip(legend.entries, legend.positions) {
            lines += sample(of: entry, at: (frame.left + position.x, frame.top - position.y))
        }
        if points.isEmpty && places.isEmpty {
            lines.append("set label 'no finite values' at graph 0.5, graph 0.5 center textcolor rgb '#8A9099'")
        }
        lines.append("plot " + elements(markerHeight: vertical.position(at: 0.02)).joined(separator: ", "))
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

    private var legendEntries: [Legend.Entry] {
        var entries = chart.series.indices.map { number in
            // The name also says why a line is not to be seen.
            Legend.Entry(
                name: chart.series[number].name + (pieces[number].isEmpty ? " (no finite values)" : ""),
                color: color(of: number), hasLine: true, isDashed: chart.series[number].isDashed,
                pointType: showsPoints(number) ? Self.pointType(number) : nil)
        }
        if let markers = chart.markers, !marks.isEmpty {
            entries.append(
                Legend.Entry(
                    name: markers.name, color: Self.color(markers.series), hasLine: false,
                    pointType: Self.markerPointType))
        }
        for points in chart.points where !places(points).isEmpty {
            entries.append(
                Legend.Entry(
                    name: points.name, color: Self.color(points.color), hasLine: false,
                    pointType: Self.pointType(points.symbol)))
        }
        return entries
    }

    /// The commands that draw an entry of the legend.
    ///
    /// gnuplot's own legend breaks into rows by its idea of how wide a text is, which differs between SVG and PNG, and
    /// would then cover the title.
    private func sample(of entry: Legend.Entry, at position: (x: Double, y: Double)) -> [String] {
        var lines: [String] = []
        let (x, y) = position
        if entry.hasLine {
            lines.append(
                "set arrow from \(place(x, y)) to \(place(x + Legend.sampleWidth, y)) nohead front"
                    + " linewidth 2.5\(entry.isDashed ? Self.dashes : "") linecolor \(entry.color)")
        }
        if let type = entry.pointType {
            lines.append(
                "set label '' at \(place(x + Legend.sampleWidth / 2, y)) front"
                    + " point pointtype \(type) pointsize 0.8 linecolor \(entry.color)")
        }
        let text = place(x + Legend.sampleWidth + 8, y)
        return lines + ["set label \(Self.quoted(entry.name)) at \(text) left \(Self.textColor)"]
    }

    /// What is plotted: contours and all bands first, so that none covers a line.
    private func elements(markerHeight: Double) -> [String] {
        var bands: [String] = []
        if !chart.contours.isEmpty {
            bands.append("\(contourBlock) using 1:2 with lines linetype 1 linewidth 0.8 linecolor rgb '#C9CED6'")
        }
        var lines: [String] = []
        for (number, series) in chart.series.enumerated() where !pieces[number].isEmpty {
            let color = color(of: number)
            if series.deviation != nil {
                bands.append(
                    "\(block(number)) using 1:3:4 with filledcurves fillcolor \(color)"
                        + " fillstyle transparent solid 0.18 noborder")
            }
            let style =
                showsPoints(number) ? "linespoints pointtype \(Self.pointType(number)) pointsize 0.7" : "lines"
            lines.append(
                "\(block(number)) using 1:2 with \(style) linetype 1\(series.isDashed ? Self.dashes : "")"
                    + " linewidth 2.5 linecolor \(color)")
        }
        if let markers = chart.markers, !marks.isEmpty {
            lines.append(
                "\(block(markers: markers)) using 1:(\(markerHeight)) with points"
                    + " pointtype \(Self.markerPointType) pointsize 0.9 linecolor \(Self.color(markers.series))")
        }
        for (number, points) in chart.points.enumerated() where !places(points).isEmpty {
            lines.append(
                "\(block(points: number)) using 1:2 with points pointtype \(Self.pointType(points.symbol))"
                    + " pointsize 1.3 linewidth 2 linecolor \(Self.color(points.color))")
        }
        // A plot of nothing still draws the axes.
        if bands.isEmpty && lines.isEmpty { lines = ["NaN"] }
        return bands + lines
    }

    private var marks: [Double] {
        chart.markers?.x.filter { $0.isFinite && (!chart.isHorizontallyLogarithmic || $0 > 0) } ?? []
    }

    /// The places that the axes can show.
    private func places(_ points: LineChart.Points) -> [(x: Double, y: Double)] {
        zip(points.x, points.y).map { (x: $0, y: $1) }.filter { Self.isShown($0.x, $0.y, on: chart) }
    }

    private static func isShown(_ x: Double, _ y: Double, on chart: LineChart) -> Bool {
        x.isFinite && y.isFinite && (!chart.isHorizontallyLogarithmic || x > 0) && (!chart.isLogarithmic || y > 0)
    }

    private func axis(_ values: [Double]) -> ChartAxis {
        let values = chart.horizontalRange.map { [$0.lowerBound, $0.upperBound] } ?? values
        return chart.isHorizontallyLogarithmic ? ChartAxis(logarithmic: values) : ChartAxis(fitting: values)
    }

    private func verticalAxis(_ values: [Double]) -> ChartAxis {
        if let range = chart.verticalRange {
            let ends = [range.lowerBound, range.upperBound]
            return chart.isLogarithmic ? ChartAxis(logarithmic: ends) : ChartAxis(fitting: ends)
        }
        return chart.isLogarithmic ? ChartAxis(logarithmic: values) : ChartAxis(rounding: values)
    }

    private func color(of series: Int) -> String { Self.color(chart.series[series].color ?? series) }

    private func block(_ series: Int) -> String { "$chart\(index)series\(series)" }

    private func block(markers: LineChart.Markers) -> String { "$chart\(index)markers" }

    private func block(points: Int) -> String { "$chart\(index)points\(points)" }

    private var contourBlock: String { "$chart\(index)contours" }

    private static func color(_ series: Int) -> String { "rgb '\(colors[series % colors.count])'" }

    private static func pointType(_ series: Int) -> Int { pointTypes[series % pointTypes.count] }

    private static func pointType(_ symbol: LineChart.Points.Symbol) -> Int {
        switch symbol {
        case .circle: 6
        case .star: 3
        case .cross: 1
        }
    }

    private func showsPoints(_ series: Int) -> Bool {
        (1...Self.mostPointsShown).contains(chart.series[series].x.count) && !pieces[series].isEmpty
    }

    /// A horizontal coordinate in pixels as a fraction of the figure.
    private func horizontally(_ pixels: Double) -> Double { pixels / (Double(count) * Self.width) }

    /// A vertical coordinate in pixels as a fraction of the figure.
    private func vertically(_ pixels: Double) -> Double { pixels / Self.height }

    private func place(_ x: Double, _ y: Double) -> String { "screen \(horizontally(x)), screen \(vertically(y))" }

    private static func tics(_ axis: ChartAxis) -> String {
        "(" + zip(axis.labels, axis.tics).map { "'\($0)' \($1)" }.joined(separator: ", ") + ")"
    }

    private static func pieces(of series: LineChart.Series, on chart: LineChart) -> [[Point]] {
        var pieces: [[Point]] = [[]]
        for index in series.x.indices {
            let (x, y) = (series.x[index], series.y[index])
            guard isShown(x, y, on: chart) else {
                pieces.append([])
                continue
            }
            let deviation = series.deviation?[index].finite ?? 0
            let high = y + deviation
            // A logarithmic axis has no place for a band down to zero or below: there it is as high below the line as
            // above it, as the eye sees it.
            let low = chart.isLogarithmic && deviation >= y ? y * (y / high) : y - deviation
            pieces[pieces.count - 1].append(Point(x: x, y: y, low: low, high: high))
        }
        return pieces.filter { !$0.isEmpty }
    }
}
