import Foundation

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

    /// glibc's `malloc_trim`, which its module map leaves out; there is none in other C libraries.
    private static let trimHeap = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }

    /// The bytes now.
    static func current() throws(Unknown) -> Int { try field("VmRSS") }

    /// The most bytes since `forgetPeak()`.
    static func peak() throws(Unknown) -> Int { try field("VmHWM") }

    /// Gives memory that is not used back to the system, and counts the peak from now on.
    static func forgetPeak() throws(Unknown) {
        _ = trimHeap?(0)
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
