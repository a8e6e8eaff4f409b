/// A chart of lines, described; a ``Figure`` draws it.
public struct LineChart: Equatable, Sendable {
    /// One line, with a band around it where its spread is known.
    public struct Series: Equatable, Sendable {
        /// The name in the legend.
        public var name: String
        /// The horizontal coordinates, ascending.
        public var x: [Double]
        /// The vertical coordinates; where one is not finite the line has a gap.
        public var y: [Double]
        /// Half the height of the band at each point; nil for no band.
        public var deviation: [Double]?

        /// A line through the given points; the arrays are equally long.
        public init(name: String, x: [Double], y: [Double], deviation: [Double]? = nil) {
            precondition(
                x.count == y.count && (deviation == nil || deviation?.count == x.count),
                "a series needs as many y and deviations as x")
            self.name = name
            self.x = x
            self.y = y
            self.deviation = deviation
        }
    }

    /// Marks on the horizontal axis.
    public struct Markers: Equatable, Sendable {
        /// The name in the legend.
        public var name: String
        /// Where they are.
        public var x: [Double]
        /// The index of the series to which they belong, whose colour they have.
        public var series: Int

        /// Marks at the given places.
        public init(name: String, x: [Double], series: Int) {
            self.name = name
            self.x = x
            self.series = series
        }
    }

    /// The text above the chart.
    public var title: String
    /// What the horizontal axis shows, with its unit.
    public var horizontalLabel: String
    /// What the vertical axis shows, with its unit; empty where the title says it.
    public var verticalLabel: String
    /// Whether the vertical axis is logarithmic; what is not positive is then left out.
    public var isLogarithmic: Bool
    /// The lines, the last one on top.
    public var series: [Series]
    /// Marks on the horizontal axis, if any.
    public var markers: Markers?

    /// A chart of the given lines.
    public init(
        title: String, horizontalLabel: String, verticalLabel: String = "", isLogarithmic: Bool = false,
        series: [Series], markers: Markers? = nil
    ) {
        self.title = title
        self.horizontalLabel = horizontalLabel
        self.verticalLabel = verticalLabel
        self.isLogarithmic = isLogarithmic
        self.series = series
        self.markers = markers
    }
}
