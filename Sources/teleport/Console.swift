import ArgumentParser
import Datasets
import Experiments
import Foundation

/// What the tool tells on standard error, and by its exit status.
enum Console {
    /// How a command ended that did not do its job.
    enum ExitStatus: Int32, Error {
        case badUsage = 2
        case badData = 3
        case diverged = 4
    }

    /// Draws figures, which are for looking at: the run succeeds without them.
    static func draw(_ body: () throws -> Void) {
        do { try body() } catch { warn("no figures: \(error)") }
    }

    /// Writes one line to standard error, whatever lines the message has.
    static func warn(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        FileHandle.standardError.write(Data("teleport: \(line)\n".utf8))
    }
}
