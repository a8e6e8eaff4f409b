import ArgumentParser
import Experiments
import Foundation
import Teleportation
import TextForms
import Yams

/// Options from a YAML file: `--config FILE` stands for what the file says, ahead of the other options so that these win.
struct ConfigurationFile {
    /// A file that does not say which options to set, or sets one to a value that it does not take.
    typealias Failure = ConfigurationText.Failure

    /// A line of a file.
    private struct Entry {
        let name: String
        /// The value as the file has it, on one line.
        let value: String
        /// The argument that it stands for; nil for a flag that is not set.
        let argument: String?
    }

    /// The file, as the user named it.
    let path: String
    private var entries: [Entry] = []
    private let command: any ParsableCommand.Type
    private let known: CommandOptions

    /// Reads the file that arguments of a command name with `--config`; nil if they name none.
    ///
    /// - Throws: `Failure` if there are several, or the file cannot be read or is not a mapping of options to values.
    init?(namedIn arguments: [String], of command: any ParsableCommand.Type) throws(Failure) {
        guard let path = try Self.path(in: arguments) else { return nil }
        self.path = path
        self.command = command
        known = CommandOptions(of: command)
        for (key, value) in try Self.mapping(in: path) {
            guard let name = key.string else {
                throw Failure(description: "\(path): a list or a mapping names no option; write 'option: value'")
            }
            entries.append(try entry(name, value))
        }
    }

    /// Its options as arguments.
    var options: [String] { entries.compactMap(\.argument) }

    /// The options, without those that the arguments replace: the command line wins.
    func options(before arguments: [String]) -> [String] {
        let replaced = replaced(by: arguments)
        return entries.filter { !replaced.contains($0.name) }.compactMap(\.argument)
    }

    /// What to say of options of the file that are left out, since they belong to another method or objective than the arguments
    /// name; nil if there are none.
    func notice(before arguments: [String]) -> String? {
        let given = Set(settings(behindMethodIn: arguments).map(\.name) + ["method", "objective"])
        let replaced = replaced(by: arguments).subtracting(given)
        let names = entries.map(\.name).filter {
            replaced.contains($0) && arguments.value(of: $0) == nil
        }
        guard !names.isEmpty else { return nil }
        return
            "\(path): \(names.joined(separator: ", ")) \(names.count == 1 ? "goes" : "go") with the file's method or objective, and "
            + "\(names.count == 1 ? "is" : "are") left out"
    }

    /// The options that the arguments replace: those that they set behind the name of a method, as `--method null-space:tau=0.99`
    /// sets tau; those that another method does not heed; and with another objective those that an objective brings along.
    private func replaced(by arguments: [String]) -> Set<String> {
        let settings = settings(behindMethodIn: arguments)
        var names = Set(settings.map(\.name))
        func own(_ name: String) -> String? { entries.first { $0.name == name }?.value }
        let methods = Self.parts(of: arguments.value(of: "method")).map(\.name)
        let mine = Self.parts(of: own("method")).map(\.name)
        if !methods.isEmpty && !mine.isEmpty && methods != mine {
            names.formUnion(
                TeleportOption.all.filter { !$0.methods.contains { methods.contains($0.method.rawValue) } }.map(\.name))
        }
        let objective =
            arguments.value(of: "objective") ?? settings.last { $0.name == "objective" }?.value
        if let objective, let mine = own("objective"), NamedText(objective).name != NamedText(mine).name {
            names.formUnion(Climb.settingsOfObjective)
        }
        return names
    }

    /// The settings behind the name of a method.
    private func settings(behindMethodIn arguments: [String]) -> [(name: String, value: String?)] {
        Self.parts(of: arguments.value(of: "method")).flatMap(\.settings)
    }

    /// The names and settings of the methods that a text names; none if it is no such text, which the option then says.
    private static func parts(of text: String?) -> [(name: String, settings: [(name: String, value: String?)])] {
        guard let text else { return [] }
        do throws(TextError) {
            return try MethodText(text: text).parts.map {
                (type(of: $0.teleporter).methodName, $0.settings.map { ($0.name, $0.text) })
            }
        } catch {
            return []
        }
    }

    /// What is wrong with the file, in its own words: `epochs: 0` where the message of the command line has `--epochs`.
    func failure(_ message: String) -> Failure {
        var message = message
        for entry in entries {
            let option = NSRegularExpression.escapedPattern(for: entry.name)
            message = message.replacing(
                "The value '[^']*' is invalid for '--\(option)( <[^>]*>)?'", with: "'\(entry.name): \(entry.value)'")
            message = message.replacing("--\(option)(?![a-z-])", with: entry.name)
        }
        return Failure(description: "\(path): \(message)")
    }

    /// Whether a message that begins with the name of an option is about what the file says, and not the arguments.
    func isToBlame(for message: String, beside arguments: [String]) -> Bool {
        let name = message.drop { $0 == "-" }.prefix { $0.isLetter || $0 == "-" }
        return entries.contains { $0.name == name }
            && !arguments.contains { $0 == "--\(name)" || $0.hasPrefix("--\(name)=") }
    }

    private static func path(in arguments: [String]) throws(Failure) -> String? {
        var paths: [String] = []
        for (index, argument) in arguments.enumerated() {
            if argument == "--" { break }
            if argument == "--config" {
                guard index + 1 < arguments.count else { throw Failure(description: "--config: name a YAML file") }
                paths.append(arguments[index + 1])
            } else if argument.hasPrefix("--config=") {
                paths.append(String(argument.dropFirst("--config=".count)))
            }
        }
        guard paths.count <= 1 else {
            throw Failure(description: "--config \(paths[1]): there is --config \(paths[0]) already; give one file")
        }
        return paths.first
    }

    private static func mapping(in path: String) throws(Failure) -> Node.Mapping {
        let text = try ConfigurationText(path: path)
        let node: Node?
        do {
            node = try Yams.compose(yaml: text.text)
        } catch {
            throw Failure(description: "\(path): is not YAML: \(error)")
        }
        // A file of comments alone sets nothing; one without them was hardly meant to be empty.
        if node == nil && text.text.contains("#") { return Node.Mapping([]) }
        guard let mapping = node?.mapping else {
            throw Failure(description: "\(path): give one option a line, as 'learning-rate: 0.1'")
        }
        return mapping
    }

    private func entry(_ key: String, _ value: Node) throws(Failure) -> Entry {
        let name = String(key.drop { $0 == "-" })
        guard name != "config" else {
            throw Failure(description: "\(path): '\(key)' cannot be set in a file; remove it")
        }
        guard known.names.contains(name) else { throw unknown(key, like: name) }
        guard name == key else { throw Failure(description: "\(path): '\(key)': write '\(name)'") }
        guard value.null == nil, value.string?.isEmpty != true else {
            throw Failure(description: "\(path): '\(name)' has no value; give one, or remove the line")
        }
        let text = value.line
        if known.flags.contains(name) {
            guard let isSet = value.bool else {
                throw Failure(description: "\(path): '\(name): \(text)': give true or false")
            }
            return Entry(name: name, value: text, argument: isSet ? "--\(name)" : nil)
        }
        if let scalar = value.string { return Entry(name: name, value: text, argument: "--\(name)=\(scalar)") }
        let items = value.sequence?.map(\.string) ?? []
        guard !items.isEmpty, !items.contains(nil) else { throw structured(name, text) }
        // A trailing comma keeps a list of one a list.
        let list = items.compactMap(\.self).joined(separator: ",") + (items.count == 1 ? "," : "")
        return Entry(name: name, value: text, argument: "--\(name)=\(list)")
    }

    private func unknown(_ key: String, like name: String) -> Failure {
        let suggestion = Suggestion(for: name, among: known.names.sorted())
        let remedy =
            suggestion.word.map { "Did you mean '\($0)'?" }
            ?? "See 'teleport \(known.command) --help' for those that there are."
        return Failure(description: "\(path): Unknown option '\(key)'. \(remedy)")
    }

    /// Why an option does not take a mapping or a list of lists: the option's own words about a text that it does not take,
    /// where there are any.
    private func structured(_ name: String, _ text: String) -> Failure {
        let entry = Entry(name: name, value: text, argument: "--\(name)=\(text)")
        do {
            _ = try command.parse(entry.argument.map { [$0] })
        } catch {
            var file = self
            file.entries = [entry]
            return file.failure(command.message(for: error))
        }
        return Failure(description: "\(path): '\(name): \(text)': give one value, or a list of values")
    }
}

extension String {
    /// The text with all that matches a regular expression replaced by a text.
    fileprivate func replacing(_ pattern: String, with text: String) -> String {
        replacingOccurrences(
            of: pattern, with: NSRegularExpression.escapedTemplate(for: text), options: .regularExpression)
    }
}

extension Node {
    /// The node as YAML writes it on one line.
    fileprivate var line: String {
        switch self {
        case .scalar(let scalar): scalar.string
        case .sequence(let nodes): "[\(nodes.map(\.line).joined(separator: ", "))]"
        case .mapping(let pairs): "{\(pairs.map { "\($0.key.line): \($0.value.line)" }.joined(separator: ", "))}"
        case .alias(let alias): "*\(alias.anchor.rawValue)"
        }
    }
}
