/// Where the entries of a chart's legend stand: in rows above the frame, where they cover nothing.
struct Legend {
    /// One name and the sample of what it names.
    struct Entry: Equatable {
        /// The name.
        var name: String
        /// The colour, as a gnuplot colour specification.
        var color: String
        /// Whether the sample shows a line.
        var hasLine: Bool
        /// Whether that line is dashed.
        var isDashed = false
        /// gnuplot's number of the point that the sample shows, if any.
        var pointType: Int?
    }

    /// The width of a sample, in pixels.
    static let sampleWidth = 30.0
    private static let rowHeight = 20.0

    /// The entries, in order.
    let entries: [Entry]
    /// The left end of each entry, in pixels to the right of and below the legend's upper left corner.
    let positions: [(x: Double, y: Double)]
    /// The height of all rows, in pixels.
    let height: Double

    /// Lays out the entries in rows of so many pixels.
    init(entries: [Entry], width: Double) {
        self.entries = entries
        var positions: [(x: Double, y: Double)] = []
        var (x, row) = (0.0, 0.0)
        for entry in entries {
            // A character of the figure's font is 7 pixels wide on average; the rest is the space between entries.
            let entryWidth = Self.sampleWidth + 8 + 7.5 * Double(entry.name.displayWidth)
            if x > 0, x + entryWidth > width { (x, row) = (0, row + 1) }
            positions.append((x, (row + 0.5) * Self.rowHeight))
            x += entryWidth + 20
        }
        self.positions = positions
        height = entries.isEmpty ? 0 : (row + 1) * Self.rowHeight + 8
    }
}
