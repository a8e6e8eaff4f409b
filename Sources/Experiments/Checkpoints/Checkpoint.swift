import Foundation
import Reporting
import Torch

/// A training under way as a file holds it: a safetensors file with the tensors of the state, and its numbers and the options of the
/// run as JSON in the texts.
package struct Checkpoint {
    /// Where the training is.
    package let state: TrainingState
    /// The options of the run, by their names on the command line.
    package let options: [String: JSONValue]

    /// A checkpoint of a run.
    package init(_ state: TrainingState, options: [String: JSONValue]) {
        self.state = state
        self.options = options
    }

    /// The texts of the file.
    private enum Text: String {
        case progress
        case options
    }

    /// Reads a file.
    ///
    /// - Throws: `CheckpointError` if it is none of a checkpoint, or damaged.
    package init(contentsOf file: URL) throws(CheckpointError) {
        let contents: Safetensors
        do throws(SafetensorsError) { contents = try Safetensors(contentsOf: file) } catch {
            throw CheckpointError("\(error)")
        }
        func decoded<Value: Decodable>(_ text: Text, as type: Value.Type) throws(CheckpointError) -> Value {
            guard let json = contents.metadata[text.rawValue] else {
                throw CheckpointError(
                    "\(file.path): is no checkpoint of a training, which has the text '\(text.rawValue)'; name the folder that "
                        + "'teleport train' wrote")
            }
            do { return try JSONDecoder().decode(type, from: Data(json.utf8)) } catch {
                throw CheckpointError(
                    "\(file.path): the text '\(text.rawValue)' is not that of a checkpoint of this version: "
                        + ReportError.reason(of: error))
            }
        }
        state = TrainingState(
            progress: try decoded(.progress, as: TrainingState.Progress.self), tensors: contents.tensors)
        options = try decoded(.options, as: [String: JSONValue].self)
    }

    /// Writes the file, whole or not at all.
    ///
    /// - Throws: `SafetensorsError` if it cannot be written.
    package func write(to file: URL) throws(SafetensorsError) {
        try Safetensors(
            tensors: state.tensors,
            metadata: [Text.progress.rawValue: Self.text(state.progress), Text.options.rawValue: Self.text(options)]
        ).write(to: file)
    }

    private static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return String(decoding: try encoder.encode(value), as: UTF8.self) } catch {
            fatalError("a checkpoint has a number that JSON has not: \(error)")
        }
    }
}

/// A file that no training can go on from.
package struct CheckpointError: Error, Hashable, CustomStringConvertible {
    /// What is wrong with it, and what to do.
    package let description: String

    init(_ description: String) { self.description = description }
}
