import Foundation

/// Standard error, for what people are told on the way: that it cannot be written to is no reason to end a run.
package enum StandardError {
    /// Writes a text, or as much of it as can be written.
    package static func write(_ text: String) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = Foundation.write(
                    STDERR_FILENO, buffer.baseAddress! + written, buffer.count - written)
                if count > 0 { written += count } else if errno != EINTR { return }
            }
        }
    }
}
