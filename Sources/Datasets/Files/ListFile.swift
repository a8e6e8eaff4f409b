import Foundation

/// The lines of a short text file that are not blank.
struct ListFile {
    /// Where the file is.
    let path: String
    /// The lines, without line ends and the white space around them.
    let lines: [Line]

    /// A line and where it stands.
    struct Line {
        /// The number of the line, the first being 1.
        let number: Int
        let text: String
    }

    /// Reads a file.
    ///
    /// - Throws: `DatasetError.file` if it cannot be read or has blank lines only.
    init(path: String) throws(DatasetError) {
        let reader = try LineReader(contentsOf: URL(fileURLWithPath: path))
        let whitespace = Set(" \t\r\u{b}\u{c}".utf8)
        var lines: [Line] = []
        while let bytes = try reader.next() {
            guard let first = bytes.firstIndex(where: { !whitespace.contains($0) }),
                let last = bytes.lastIndex(where: { !whitespace.contains($0) })
            else { continue }
            // What is not UTF-8 becomes characters that no name has.
            lines.append(Line(number: reader.number, text: String(decoding: bytes[first...last], as: UTF8.self)))
        }
        self.path = path
        self.lines = lines
        guard !lines.isEmpty else { throw .file(path: path, .empty) }
    }

    /// The error that a line is not what it should be.
    func malformed(_ line: Line, expected: String) -> DatasetError {
        .file(path: path, .malformedLine(line.number, text: String(line.text.prefix(80)), expected: expected))
    }
}

extension String {
    /// Whether this can be the name of a file in a folder and nothing else: not a path, not hidden, and visible.
    var isFileName: Bool {
        !isEmpty && utf8.first != UInt8(ascii: ".")
            && !utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7f }
    }

    /// Whether this can only be the name of a file in a folder, not a path to another: letters, digits, `_`, `-` and,
    /// save at the beginning, `.`.
    var isPlainFileName: Bool {
        !isEmpty && utf8.first != UInt8(ascii: ".")
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
