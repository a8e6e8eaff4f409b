import Foundation
import Reporting

/// The text of a configuration file, as far as it can be one: of reasonable size, and without the parts of YAML that options do
/// not need.
struct ConfigurationText {
    /// A file that is not what it should be.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The text.
    let text: String

    /// The most bytes; all options together take a few thousand.
    private static let largest = 1 << 20

    /// Reads the file of `--config`.
    ///
    /// - Throws: `Failure` as `init(path:name:fileName:)`.
    init(path: String) throws(Failure) {
        try self.init(path: path, name: "--config \(path): ", fileName: "\(path): ", contents: "one option a line")
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - name: What comes before a sentence about a file that is none.
    ///   - fileName: What comes before a sentence about what is in it.
    ///   - contents: What such a file has.
    /// - Throws: `Failure` if it cannot be read, is no text, or has aliases, of which a few lines can stand for
    ///   more than fits into memory.
    init(path: String, name: String, fileName: String, contents: String) throws(Failure) {
        func failure(_ reason: String) -> Failure { Failure(description: name + reason) }
        guard !path.isEmpty else { throw failure("name a YAML file") }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw failure("there is no such file; name an existing YAML file")
        }
        guard !isFolder.boolValue else { throw failure("is a folder; name a YAML file") }
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            data = try file.read(upToCount: Self.largest + 1) ?? Data()
        } catch {
            throw failure("cannot be read (\(ReportError.reason(of: error))); name a YAML file that can")
        }
        guard data.count <= Self.largest else {
            throw failure("has more than \(Self.largest >> 20) MB; name a YAML file, which has \(contents)")
        }
        guard let text = String(data: data, encoding: .utf8), !text.unicodeScalars.contains("\0") else {
            throw failure("is not text; name a YAML file in UTF-8")
        }
        if let (line, alias) = Self.alias(in: text) {
            throw Failure(
                description:
                    "\(fileName)line \(line): '\(alias)' stands for what is elsewhere in the file; write it out")
        }
        self.text = text
    }

    /// The first alias of a YAML text, as `*name`, and its line.
    private static func alias(in text: String) -> (line: Int, alias: String)? {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            // Whether a value, a key or an item can begin here, and the quotes that the place is within.
            var begins = true
            var quote: Character?
            var previous: Character = " "
            for place in line.indices {
                let character = line[place]
                defer { previous = character }
                if let open = quote {
                    if character == open { quote = nil }
                    continue
                }
                if character == "#", previous.isWhitespace { break }
                if begins, character == "'" || character == "\"" { quote = character }
                // Behind a quoted key no space is needed.
                if begins || previous == ":", character == "*" {
                    let name = line[place...].prefix { !$0.isWhitespace && !",]}:".contains($0) }
                    if name.count > 1 { return (index + 1, String(name)) }
                }
                if character.isWhitespace {
                    begins = begins || ":-?,[{".contains(previous)
                } else {
                    begins = "[{,".contains(character) || (begins && "-?".contains(character))
                }
            }
        }
        return nil
    }
}
