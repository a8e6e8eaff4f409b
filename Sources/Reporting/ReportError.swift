import Foundation

/// Why a report could not be written, read or drawn; its description is one line that names the file.
package enum ReportError: Error, Equatable, Sendable {
    /// A file could not be written.
    case unwritable(path: String, reason: String)
    /// A file is missing or holds something else than it should.
    case unreadable(path: String, reason: String)
    /// There is no gnuplot on the search path; the numbers of a report do not need it, only the figures do.
    case gnuplotNotFound
    /// gnuplot ended with an error; `output` is what it said.
    case gnuplotFailed(output: String)
    /// gnuplot did not end in time, and was ended.
    case gnuplotTooSlow(seconds: Int)

    /// The system's explanation of an error, in one line.
    package static func reason(of error: any Error) -> String {
        let text: String
        if let error = error as? DecodingError {
            text = explanation(of: error)
        } else {
            // The message of a file error is vague and repeats the path; the system's own error beneath it is neither.
            let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
            text = underlying.flatMap(systemMessage) ?? systemMessage(of: error) ?? error.localizedDescription
        }
        return text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    /// What the system calls an error of its own; nil for all others.
    private static func systemMessage(of error: any Error) -> String? {
        let error = error as NSError
        return error.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(error.code))) : nil
    }

    private static func explanation(of error: DecodingError) -> String {
        let context: DecodingError.Context
        var missing = ""
        switch error {
        case .keyNotFound(let key, let found):
            context = found
            missing = "'\(key.stringValue)' is missing"
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found): context = found
        @unknown default: return "\(error)"
        }
        let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        return (missing.isEmpty ? context.debugDescription : missing) + (place.isEmpty ? "" : " at \(place)")
    }
}

extension ReportError: CustomStringConvertible, LocalizedError {
    /// One line: what is wrong, and the remedy where there is one.
    package var description: String {
        switch self {
        case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .gnuplotNotFound:
            "gnuplot is not on the search path, so no figures were drawn; install gnuplot to get them"
        case .gnuplotFailed(let output): "gnuplot failed: \(output)"
        case .gnuplotTooSlow(let seconds):
            "gnuplot took more than \(seconds) s and was ended; see whether 'gnuplot --version' answers"
        }
    }

    /// The same as `description`.
    package var errorDescription: String? { description }
}
