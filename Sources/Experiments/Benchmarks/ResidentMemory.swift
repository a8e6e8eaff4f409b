import Foundation
import Torch

/// The memory of this process that is in RAM, as Linux counts it.
package enum ResidentMemory {
    /// The system does not say.
    package struct Unknown: LocalizedError {
        let file: String

        /// What is missing.
        package var errorDescription: String? {
            "\(file): cannot be used; peak memory is measured where Linux's /proc is there and may be written"
        }
    }

    private static let status = "/proc/self/status"
    private static let clearReferences = "/proc/self/clear_refs"

    /// The bytes now.
    static func current() throws(Unknown) -> Int { try field("VmRSS") }

    /// The most bytes since `forgetPeak()`.
    static func peak() throws(Unknown) -> Int { try field("VmHWM") }

    /// Gives memory that is not used back to the system, and counts the peak from now on.
    ///
    /// The first call changes how this process allocates, and makes large allocations slower: times are not to be
    /// measured beside memory. In the heap, what is freed stays where anything behind it is in use, and is counted or used again
    /// as chance has it: the same teleport took 148 to 190 MB by that count, and 115.6 to 115.9 by this one.
    static func forgetPeak() throws(Unknown) {
        Heap.mapLargeBlocks()
        Heap.trim()
        guard let file = FileHandle(forWritingAtPath: clearReferences) else { throw Unknown(file: clearReferences) }
        do {
            try file.write(contentsOf: Data("5".utf8))
            try file.close()
        } catch {
            throw Unknown(file: clearReferences)
        }
    }

    private static func field(_ name: String) throws(Unknown) -> Int {
        guard let text = try? String(contentsOfFile: status, encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            })
        else { throw Unknown(file: status) }
        return kilobytes * 1024
    }
}
