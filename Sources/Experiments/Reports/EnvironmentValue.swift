import Foundation
import Reporting
import Torch

extension JSONValue {
    /// Where and with what a job ran, for its record.
    ///
    /// - Parameters:
    ///   - date: When it began.
    ///   - processorWait: The share of the time that threads waited for a processor; nil where it is not known.
    package static func environment(date: Date, processorWait: Double?) -> JSONValue {
        [
            "version": .string(Library.version), "libtorchVersion": .string(Libtorch.version),
            "threads": .integer(Libtorch.threadCount), "processor": .string(Summary.Environment.hostProcessor()),
            "processors": .integer(Processors().count), "processorWait": processorWait.map { .number($0) } ?? .null,
            "date": .string(date.formatted(.iso8601)),
        ]
    }
}
