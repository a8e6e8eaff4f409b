import Foundation
import Reporting

/// Everything that a comparison of training with and without teleportation found: the contents of `summary.json`.
package struct Summary: Record, Codable, Equatable, Sendable {
    /// The options of the comparison by name, every default written out, so that it can be run again.
    package var configuration: [String: JSONValue]
    /// How much the files of the data set hold, by ``DataQuantity``.
    package var data: [String: Int]
    /// Where and with what it ran.
    package var environment: Environment
    /// What was measured.
    package var arms: Arms
    /// What follows from the measurements.
    package var comparison: Comparison

    /// The two arms of a comparison.
    package struct Arms: Codable, Equatable, Sendable {
        /// The training without teleportation.
        package var baseline: ArmRecord
        /// The same training, from the same seeds and on the same batches, with teleportation.
        package var teleport: ArmRecord

        /// Two arms.
        package init(baseline: ArmRecord, teleport: ArmRecord) {
            self.baseline = baseline
            self.teleport = teleport
        }
    }

    /// Sums up two arms.
    package init(
        configuration: [String: JSONValue], data: [String: Int] = [:], environment: Environment, baseline: ArmRecord,
        teleport: ArmRecord
    ) {
        self.configuration = configuration
        self.data = data
        self.environment = environment
        arms = Arms(baseline: baseline, teleport: teleport)
        comparison = Comparison(baseline: baseline, teleport: teleport)
    }

    /// Reads a summary that ``write(to:)`` wrote.
    ///
    /// - Throws: ``ReportError/unreadable(path:reason:)`` when the file is missing or is no summary.
    package init(contentsOf file: URL) throws(ReportError) {
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            self = try decoder.decode(Summary.self, from: Data(contentsOf: file))
        } catch {
            throw ReportError.unreadable(path: file.path, reason: ReportError.reason(of: error))
        }
    }
}
