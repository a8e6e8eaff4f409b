import Foundation
import Yams

/// Options from a YAML file: `--config FILE` stands for what the file says, ahead of the other options so that these win.
enum ConfigurationFile {
    /// A file that does not say which options to set.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The arguments with those of the configuration file, if one is named, put before them.
    ///
    /// - Parameter arguments: The arguments after the name of the program; the first one is the subcommand.
    /// - Throws: `Failure` if the file cannot be read or is not a mapping of options to values.
    static func expand(_ arguments: [String]) throws(Failure) -> [String] {
        guard let subcommand = arguments.first, let path = try path(in: arguments) else { return arguments }
        return try [subcommand] + options(in: path) + arguments.dropFirst()
    }

    private static func path(in arguments: [String]) throws(Failure) -> String? {
        var path: String?
        for (index, argument) in arguments.enumerated() {
            if argument == "--" { break }
            if argument == "--config" {
                guard index + 1 < arguments.count else { throw Failure(description: "--config: name a YAML file") }
                path = arguments[index + 1]
            } else if argument.hasPrefix("--config=") {
                path = String(argument.dropFirst("--config=".count))
            }
        }
        return path
    }

    private static func options(in path: String) throws(Failure) -> [String] {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Failure(description: "\(path): cannot be read as text; name an existing YAML file")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Failure(
                description: "\(path): is not YAML: \("\(error)".split(separator: "\n").joined(separator: " "))")
        }
        guard let node, let mapping = node.mapping else {
            throw Failure(description: "\(path): give one option a line, as 'learning-rate: 0.1'")
        }
        var arguments: [String] = []
        for (key, value) in mapping {
            guard let name = key.string, name != "config" else {
                throw Failure(description: "\(path): '\(key.string ?? "?")' is not an option")
            }
            if let flag = value.bool, value.scalar?.style == .plain {
                if flag { arguments.append("--\(name)") }
            } else if let values = value.sequence {
                // A trailing comma keeps a list of one a list.
                let items = values.compactMap(\.string)
                arguments.append("--\(name)=\(items.joined(separator: ","))\(items.count == 1 ? "," : "")")
            } else if let text = value.string {
                arguments.append("--\(name)=\(text)")
            } else {
                throw Failure(description: "\(path): '\(name)' is neither a value nor a list of values")
            }
        }
        return arguments
    }
}
