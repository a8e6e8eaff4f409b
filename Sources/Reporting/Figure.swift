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

    /// Draws the figure as SVG and as PNG, the latter at twice the resolution.
    ///
    /// Files that exist are replaced once both drawings are complete; folders are made if need be.
    ///
    /// - Throws: ``ReportError/gnuplotFailed(output:)`` or ``ReportError/unwritable(path:reason:)``.
    package func draw(svg: URL, png: URL, with gnuplot: Gnuplot) throws(ReportError) {
        try AtomicFile.write(to: [svg, png]) { temporary in
            try gnuplot.run(script(svg: temporary[0].path, png: temporary[1].path))
            for (temporary, file) in zip(temporary, [svg, png])
            where !FileManager.default.fileExists(atPath: temporary.path) {
                // gnuplot goes on, and succeeds, when it cannot open its output.
                throw ReportError.unwritable(path: file.path, reason: "gnuplot could not open it")
            }
        }
    }

    /// The gnuplot script that draws the figure into two files.
    func script(svg: String, png: String) -> String {
        let (width, height) = (Int(ChartScript.width) * panels.count, Int(ChartScript.height))
        var lines = ["set encoding utf8"]
        for (index, panel) in panels.enumerated() {
            lines += ChartScript(panel, index: index, of: panels.count).data
        }
        // Without "enhanced", text is shown as it is: _ and ^ in a name are no subscripts.
        lines.append(
            "set terminal svg noenhanced size \(width),\(height) font 'Helvetica,14' background rgb '#ffffff'")
        lines += drawing(into: svg)
        // SVG counts font sizes in pixels, PNG in points, which are larger: hence a scale below the 2 of all else.
        lines.append(
            "set terminal pngcairo noenhanced size \(2 * width),\(2 * height) font 'Helvetica,14'"
                + " fontscale 1.6 linewidth 2 pointscale 2 background rgb '#ffffff'")
        lines += drawing(into: png)
        return lines.joined(separator: "\n") + "\n"
    }

    private func drawing(into path: String) -> [String] {
        var lines = ["set output \(ChartScript.quoted(path))", "set multiplot"]
        for (index, panel) in panels.enumerated() {
            lines += ChartScript(panel, index: index, of: panels.count).commands
        }
        // Closing the output completes the file.
        return lines + ["unset multiplot", "set output"]
    }
}
