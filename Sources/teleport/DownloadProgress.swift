import Downloads
import Foundation
import Reporting

/// The progress of downloads on standard error: on a terminal a line that is rewritten, elsewhere a line for each step.
final class DownloadProgress {
    private let isQuiet: Bool
    private var line: TerminalLine?
    private var lastUpdate = -TimeInterval.infinity
    /// The file that is under way, when that began, and what was there then.
    private var start: (file: String, time: TimeInterval, count: Int)?

    /// Shows progress, unless quiet.
    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
        line = !isQuiet && TerminalLine.isPossible ? TerminalLine() : nil
    }

    /// Shows what a downloader tells.
    func show(_ event: Downloader.Event) {
        switch event {
        case .setback(let text):
            line?.clear()
            Console.warn(text)
        case .step(let text):
            if line != nil { line?.rewrite(text) } else if !isQuiet { Console.warn(text) }
        case .progress(let file, let count, let total): rewrite(file, count, of: total)
        }
    }

    /// Takes the line off the terminal.
    func clear() { line?.clear() }

    private func rewrite(_ file: String, _ count: Int, of total: Int?) {
        let now = ProcessInfo.processInfo.systemUptime
        if start?.file != file { start = (file, now, count) }
        guard line != nil, let start, now - lastUpdate >= 0.1 else { return }
        lastUpdate = now
        var parts = [file, count.bytesText]
        if let total, total > 0 {
            parts[1] += " of \(total.bytesText)"
            parts.append((Double(count) / Double(total)).percent(2))
        }
        let (seconds, fetched) = (now - start.time, count - start.count)
        if seconds > 1, fetched > 0 {
            let rate = Double(fetched) / seconds
            parts.append("\(Int(rate).bytesText)/s")
            if let total { parts.append("\((Double(total - count) / rate).duration()) left") }
        }
        line?.rewrite(parts.joined(separator: "  "))
    }
}
