import Foundation

/// The gnuplot program, which draws the figures.
package struct Gnuplot: Equatable, Sendable {
    /// The program.
    let program: Program
    /// The seconds after which a drawing is given up.
    let secondsAllowed: Int

    /// Finds gnuplot.
    ///
    /// - Parameters:
    ///   - searchPath: Folders separated by colons; those of `PATH` unless given.
    ///   - secondsAllowed: The seconds after which a drawing is given up; one takes a fraction of a second.
    /// - Throws: ``ReportError/gnuplotNotFound``.
    package init(searchPath: String? = nil, secondsAllowed: Int = 60) throws(ReportError) {
        guard let program = Program("gnuplot", searchPath: searchPath) else { throw .gnuplotNotFound }
        self.program = program
        self.secondsAllowed = secondsAllowed
    }

    /// Runs a script.
    ///
    /// - Returns: What gnuplot wrote to standard output: the drawing, where the script names no file for it.
    /// - Throws: ``ReportError/gnuplotFailed(output:)`` with what gnuplot wrote to standard error,
    ///   ``ReportError/gnuplotTooSlow(seconds:)``, or ``ReportError/unwritable(path:reason:)`` when the script cannot be
    ///   handed over.
    package func run(_ script: String) throws(ReportError) -> Data {
        // No start-up files of the user's: a figure looks the same everywhere.
        let arguments = ["--default-settings", "/dev/stdin"]
        guard let result = try program.run(arguments, input: Data(script.utf8), secondsAllowed: secondsAllowed) else {
            throw .gnuplotTooSlow(seconds: secondsAllowed)
        }
        if let failure = result.failure { throw .gnuplotFailed(output: failure) }
        return result.output
    }
}
