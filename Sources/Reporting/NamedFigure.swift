import Foundation

/// A figure and the name of its files, without `.svg` and `.png`.
package struct NamedFigure: Equatable, Sendable {
    /// The name of its files.
    package var name: String
    /// The figure.
    package var figure: Figure

    /// A figure under a name.
    package init(_ name: String, _ figure: Figure) {
        self.name = name
        self.figure = figure
    }

    /// The file of a drawing in a folder.
    package func file(in folder: URL, _ format: Figure.Format) -> URL {
        folder.appendingPathComponent("\(name).\(format.rawValue)")
    }
}

extension [NamedFigure] {
    /// The files of all drawings in a folder.
    package func files(in folder: URL) -> [URL] {
        flatMap { figure in Figure.Format.allCases.map { figure.file(in: folder, $0) } }
    }

    /// Draws all figures, each as SVG and as PNG, into a folder, which is made if need be: all of them, or none.
    ///
    /// - Returns: The files, in the order of the figures.
    /// - Throws: As `Figure.drawing(as:with:)`, and ``ReportError/unwritable(path:reason:)``.
    @discardableResult
    package func draw(into folder: URL, with gnuplot: Gnuplot) throws(ReportError) -> [URL] {
        var files: [(file: URL, contents: Data)] = []
        for named in self {
            for format in Figure.Format.allCases {
                files.append((named.file(in: folder, format), try named.figure.drawing(as: format, with: gnuplot)))
            }
        }
        try AtomicFile.write(files)
        return files.map(\.file)
    }
}
