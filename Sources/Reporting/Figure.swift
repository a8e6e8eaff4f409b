import Foundation

/// Charts side by side, drawn by gnuplot.
package struct Figure: Equatable, Sendable {
    /// The charts, from the left.
    package var panels: [LineChart]

    /// A figure of the given charts.
    package init(panels: [LineChart]) {
        precondition(!panels.isEmpty, "a figure needs a chart")
        self.panels = panels
    }

    /// What a figure is drawn as; the raw value is the ending of its file.
    package enum Format: String, CaseIterable, Sendable {
        case svg
        /// At twice the resolution.
        case png

        /// The bytes that end every file of the format.
        fileprivate var ending: [UInt8] {
            switch self {
            case .svg: Array("</svg>".utf8)
            case .png: Array("IEND".utf8) + [0xAE, 0x42, 0x60, 0x82]
            }
        }

        /// Whether a file is complete.
        func isComplete(_ contents: Data) -> Bool {
            contents.suffix(ending.count + 8).firstRange(of: ending) != nil
        }
    }

    /// The contents of a file with the figure.
    ///
    /// - Throws: ``ReportError/gnuplotFailed(output:)``, also where what it drew is not complete, or else as
    ///   `Gnuplot.run(_:)`.
    package func drawing(as format: Format, with gnuplot: Gnuplot) throws(ReportError) -> Data {
        let drawing = try gnuplot.run(script(for: format))
        guard format.isComplete(drawing) else {
            // gnuplot goes on, and succeeds, when it cannot write.
            throw .gnuplotFailed(
                output: "its \(format.rawValue.uppercased()) is not complete; make room in "
                    + FileManager.default.temporaryDirectory.path)
        }
        return drawing
    }

    /// The gnuplot script that draws the figure to standard output.
    func script(for format: Format) -> String {
        let (width, height) = (Int(ChartScript.width) * panels.count, Int(ChartScript.height))
        var lines = ["set encoding utf8"]
        let charts = panels.enumerated().map { ChartScript($1, index: $0, of: panels.count) }
        lines += charts.flatMap(\.data)
        // Without "enhanced", text is shown as it is: _ and ^ in a name are no subscripts.
        switch format {
        case .svg:
            lines.append(
                "set terminal svg noenhanced size \(width),\(height) font 'Helvetica,14' background rgb '#ffffff'")
        case .png:
            // SVG counts font sizes in pixels, PNG in points, which are larger: hence a scale below the 2 of all else.
            lines.append(
                "set terminal pngcairo noenhanced size \(2 * width),\(2 * height) font 'Helvetica,14'"
                    + " fontscale 1.6 linewidth 2 pointscale 2 background rgb '#ffffff'")
        }
        lines += ["set output", "set multiplot"] + charts.flatMap(\.commands) + ["unset multiplot"]
        return lines.joined(separator: "\n") + "\n"
    }
}
