import ArgumentParser
import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Torch

/// What the tool tells on standard error, and by its exit status.
enum Console {
    /// How a command ended that did not do its job.
    enum ExitStatus: Int32, Error {
        case badUsage = 2
        case badData = 3
        case diverged = 4

        /// That of a command that throws an error of the library.
        init(for error: any Error) {
            switch error {
            case is DatasetError, is LossError: self = .badData
            // What libtorch cannot decompose are numbers that are not finite, or nearly so.
            case is TorchError: self = .diverged
            // Models, methods, files and folders that do not go together: the error says what to give instead.
            default: self = .badUsage
            }
        }
    }

    /// Tells that a training diverged, and what to do.
    ///
    /// - Returns: The status to throw.
    static func divergence(_ reason: String, learningRate: Double) -> ExitStatus {
        warn("training diverged: \(reason); lower --learning-rate, which was \(learningRate)")
        return .diverged
    }

    /// Draws figures, which are for looking at: the run succeeds without them.
    static func draw(_ body: () throws -> Void) {
        do { try body() } catch { warn("no figures: \(error)") }
    }

    /// Writes one line to standard error, whatever lines the message has.
    static func warn(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        FileHandle.standardError.write(Data("teleport: \(line)\n".utf8))
    }
}
