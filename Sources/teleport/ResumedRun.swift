import Experiments
import Foundation
import Reporting

/// Options from the folder of a run that is gone on with: `--resume FOLDER` stands for those that the run was begun with, ahead of the
/// other options.
struct ResumedRun {
    /// The options as arguments.
    let options: [String]

    /// Reads the options of the run that arguments name; nil if they name none, or another command.
    ///
    /// - Throws: `Failure` if there is no such run.
    init?(namedIn arguments: [String]) throws(Failure) {
        guard let folder = Self.folder(in: arguments).map({ TrainingFolder($0) }) else { return nil }
        switch arguments.first {
        case Train._commandName:
            options = try Self.options(of: folder).compactMap { name, value in
                Self.text(value).map { "--\(name)=\($0)" }
            }.sorted()
        case Compare._commandName: options = try Self.contents(of: folder, as: [String].self)
        default: return nil
        }
    }

    /// A folder of no run.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The options that a run was begun with.
    static func options(of folder: TrainingFolder) throws(Failure) -> [String: JSONValue] {
        try contents(of: folder, as: [String: JSONValue].self)
    }

    private static func contents<Options: Decodable>(
        of folder: TrainingFolder, as type: Options.Type
    ) throws(Failure) -> Options {
        do { return try JSONDecoder().decode(type, from: Data(contentsOf: folder.options)) } catch {
            throw Failure(
                description: "--resume \(folder.url.relativePath): \(ReportError.reason(of: error)) "
                    + "(\(folder.options.lastPathComponent)); name the folder that the same command wrote to")
        }
    }

    private static func folder(in arguments: [String]) -> URL? {
        var path: String?
        for (index, argument) in arguments.enumerated() {
            if argument == "--resume" { path = index + 1 < arguments.count ? arguments[index + 1] : nil }
            if argument.hasPrefix("--resume=") { path = String(argument.dropFirst("--resume=".count)) }
        }
        return path.map { URL(fileURLWithPath: $0, isDirectory: true) }
    }

    /// A value as an argument has it.
    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .bool(let isSet): "\(isSet)"
        case .array, .object, .null: nil
        }
    }
}
