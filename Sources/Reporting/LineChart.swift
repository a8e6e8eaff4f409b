/// A chart of lines, described; a ``Figure`` draws it.
package struct LineChart: Equatable, Sendable {
    /// One line, with a band around it where its spread is known.
    package struct Series: Equatable, Sendable {
        /// The name in the legend.
        package var name: String
        /// The horizontal coordinates, in the order in which the line goes.
        package var x: [Double]
        /// The vertical coordinates; where one is not finite the line has a gap.
        package var y: [Double]
        /// Half the height of the band at each point; nil for no band.
        package var deviation: [Double]?
        /// The number of the colour; nil for that of the line's place among the lines.
        package var color: Int?
        /// Whether the line is dashed.
        package var isDashed: Bool

        /// A line through the given points; the arrays are equally long.
        package init(
            name: String, x: [Double], y: [Double], deviation: [Double]? = nil, color: Int? = nil,
            isDashed: Bool = false
        ) {
            precondition(
                x.count == y.count && (deviation == nil || deviation?.count == x.count),
                "a series needs as many y and deviations as x")
            self.name = name
            self.x = x
            self.y = y
            self.deviation = deviation
            self.color = color
            self.isDashed = isDashed
        }

        /// A line through means, with a band of their standard deviations where all of them have one.
        package init(name: String, x: [Double], y: [Statistic], color: Int? = nil, isDashed: Bool = false) {
            let deviations = y.compactMap(\.standardDeviation)
            self.init(
                name: name, x: x, y: y.map(\.mean),
                deviation: deviations.count == y.count && !y.isEmpty ? deviations : nil, color: color,
                isDashed: isDashed)
        }
    }

    /// Places in the plane, such as where a path begins.
    package struct Points: Equatable, Sendable {
        /// What stands at a place.
        package enum Symbol: Equatable, Sendable {
            /// An open circle.
            case circle
            /// Six rays.
            case star
            /// Two lines, upright.
            case cross
        }

        /// The name in the legend.
        package var name: String
        /// The horizontal coordinates.
        package var x: [Double]
        /// The vertical coordinates.
        package var y: [Double]
        /// What stands there.
        package var symbol: Symbol
        /// The number of the colour.
        package var color: Int

        /// The given places; the arrays are equally long.
        package init(name: String, x: [Double], y: [Double], symbol: Symbol, color: Int) {
            precondition(x.count == y.count, "points need as many y as x")
            self.name = name
            self.x = x
            self.y = y
            self.symbol = symbol
            self.color = color
        }
    }

    /// A curve beneath the lines, thin and without a name: a level set.
    package struct Contour: Equatable, Sendable {
        /// The horizontal coordinates, in the order in which the curve goes.
        package var x: [Double]
        /// The vertical coordinates.
        package var y: [Double]

        /// A curve through the given points; the arrays are equally long.
        package init(x: [Double], y: [Double]) {
            precondition(x.count == y.count, "a contour needs as many y as x")
            self.x = x
            self.y = y
        }
    }

    /// Marks on the horizontal axis.
    package struct Markers: Equatable, Sendable {
        /// The name in the legend.
        package var name: String
        /// Where they are.
        package var x: [Double]
        /// The index of the series to which they belong, whose colour they have.
        package var series: Int

        /// Marks at the given places.
        package init(name: String, x: [Double], series: Int) {
            self.name = name
            self.x = x
            self.series = series
        }
    }

    /// The text above the chart.
    package var title: String
    /// What the horizontal axis shows, with its unit.
    package var horizontalLabel: String
    /// What the vertical axis shows, with its unit; empty where the title says it.
    package var verticalLabel: String
    /// Whether the vertical axis is logarithmic; what is not positive is then left out.
    package var isLogarithmic: Bool
    /// The same of the horizontal axis.
    package var isHorizontallyLogarithmic: Bool
    /// The ends of the horizontal axis; nil for those of what is shown. What lies beyond is cut off.
    package var horizontalRange: ClosedRange<Double>?
    /// The ends of the vertical axis, likewise.
    package var verticalRange: ClosedRange<Double>?
    /// The lines, the last one on top.
    package var series: [Series]
    /// Marks on the horizontal axis, if any.
    package var markers: Markers?
    /// Places in the plane, above the lines.
    package var points: [Points]
    /// Level sets. They do not count for the ends of the axes.
    package var contours: [Contour]

    /// A chart of the given lines.
    package init(
        title: String, horizontalLabel: String, verticalLabel: String = "", isLogarithmic: Bool = false,
        isHorizontallyLogarithmic: Bool = false, horizontalRange: ClosedRange<Double>? = nil,
        verticalRange: ClosedRange<Double>? = nil, series: [Series], markers: Markers? = nil, points: [Points] = [],
        contours: [Contour] = []
    ) {
        self.title = title
        self.horizontalLabel = horizontalLabel
        self.verticalLabel = verticalLabel
        self.isLogarithmic = isLogarithmic
        self.isHorizontallyLogarithmic = isHorizontallyLogarithmic
        self.horizontalRange = horizontalRange
        self.verticalRange = verticalRange
        self.series = series
        self.markers = markers
        self.points = points
        self.contours = contours
    }
}
