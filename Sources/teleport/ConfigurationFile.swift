import Foundation
import TextForms
import Yams

/// Options from a YAML file: `--config FILE` stands for what the file says, ahead of the other options so that these win.
struct ConfigurationFile {
    /// A file that does not say which options to set, or sets one to a value that it does not take.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The file, as the user named it.
    let path: String
    /// Its options as arguments.
    let options: [String]

    /// Options that take no value: the file has `true` or `false` for them.
    private static let flags: Set = ["quiet"]

    /// Reads the file that arguments name with `--config`; nil if they name none.
    ///
    /// - Throws: `Failure` if the file cannot be read or is not a mapping of options to values.
    init?(namedIn arguments: [String]) throws(Failure) {
        guard let path = try Self.path(in: arguments) else { return nil }
        self.path = path
        options = try Self.options(in: path)
    }

    /// The options, without those that the arguments set behind the name of a method, as `--method null-space:tau=0.99` sets
    /// tau: the command line wins.
    func options(before arguments: [String]) -> [String] {
        var names: Set<String> = []
        for (index, argument) in arguments.enumerated() {
            let next = index + 1 < arguments.count ? arguments[index + 1] : ""
            let text = argument == "--method" ? next : argument.hasPrefix("--method=") ? argument : ""
            guard let settings = NamedText(text).argument else { continue }
            names.formUnion(SettingList.parts(of: settings).map(\.name))
        }
        return options.filter { option in !names.contains { option.hasPrefix("--\($0)=") } }
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
            throw Failure(description: "--config \(path): cannot be read as text; name an existing YAML file")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Failure(description: "\(path): is not YAML: \(error)")
        }
        guard let mapping = node?.mapping else {
            throw Failure(description: "\(path): give one option a line, as 'learning-rate: 0.1'")
        }
        var arguments: [String] = []
        for (key, value) in mapping {
            guard let name = key.string else {
                throw Failure(description: "\(path): a list or a mapping names no option; write 'option: value'")
            }
            guard name != "config" else {
                throw Failure(description: "\(path): 'config' cannot be set in a file; remove it")
            }
            arguments += try argument(name, value, in: path)
        }
        return arguments
    }

    private static func argument(_ name: String, _ value: Node, in path: String) throws(Failure) -> [String] {
        if flags.contains(name) {
            guard let isSet = value.bool else {
                throw Failure(description: "\(path): '\(name): \(value.string ?? "...")': give true or false")
            }
            return isSet ? ["--\(name)"] : []
        }
        guard value.null == nil else {
            throw Failure(description: "\(path): '\(name)' has no value; give one, or remove the line")
        }
        if let text = value.string { return ["--\(name)=\(text)"] }
        let items = value.sequence?.map(\.string) ?? []
        guard !items.isEmpty, !items.contains(nil) else {
            throw Failure(description: "\(path): '\(name)' is neither a value nor a list of values; give one of them")
        }
        // A trailing comma keeps a list of one a list.
        return ["--\(name)=\(items.compactMap(\.self).joined(separator: ","))\(items.count == 1 ? "," : "")"]
    }
}
