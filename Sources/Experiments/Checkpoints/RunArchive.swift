import Foundation
import Reporting

/// The finished runs of a comparison, a file for each, so that who goes on with it runs none of them again.
package struct RunArchive {
    private let folder: URL
    private let options: [String: JSONValue]
    /// Whether runs are kept here, and not by another process.
    private let keepsRuns: Bool

    /// The options that may be others where a comparison is gone on with: they say which runs there are, and where they run.
    private static let changeableOptions: Set<String> = ["seeds", "threads"]

    /// What a file holds.
    private struct File: Codable {
        let options: [String: JSONValue]
        let run: Run
    }

    /// An archive.
    ///
    /// - Parameters:
    ///   - folder: Where the files are; it is made with the first.
    ///   - options: The options of the comparison, by their names on the command line.
    ///   - keepsRuns: Whether runs are kept here; of several processes one does, and the others read what it kept.
    package init(_ folder: URL, options: [String: JSONValue], keepsRuns: Bool = true) {
        self.folder = folder
        self.keepsRuns = keepsRuns
        self.options = options.filter { !Self.changeableOptions.contains($0.key) }
    }

    private func file(_ arm: String, _ seed: Int) -> URL { folder.appendingPathComponent("\(arm)-\(seed).json") }

    /// Checks that all runs that are kept are of the same comparison; to be asked before anything is written for it.
    ///
    /// - Throws: As `run(of:seed:)`.
    package func check() throws(CheckpointError) {
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "json" { _ = try run(in: file) }
    }

    /// The run of an arm from a seed, if it is there.
    ///
    /// - Throws: `CheckpointError` if it is one with other options, or the file is damaged.
    package func run(of arm: String, seed: Int) throws(CheckpointError) -> Run? { try run(in: file(arm, seed)) }

    private func run(in file: URL) throws(CheckpointError) -> Run? {
        guard let contents = try? Data(contentsOf: file) else { return nil }
        let saved: File
        do { saved = try JSONDecoder().decode(File.self, from: contents) } catch {
            throw CheckpointError(
                "\(file.path): is no run of a comparison (\(ReportError.reason(of: error))); remove it to run it again")
        }
        let changes = options.changes(from: saved.options)
        guard changes.isEmpty else {
            throw CheckpointError(
                "\(file.path): \(changes.map(\.sentence).joined(separator: "; ")); give what it was begun with, or name another folder"
            )
        }
        return saved.run
    }

    /// The run of an arm from a seed: the one that is kept, else a new one, which is kept once it came to its end.
    ///
    /// - Parameters:
    ///   - arm: The arm.
    ///   - seed: The seed.
    ///   - epochs: The epochs of a run that came to its end; one that diverged came to it sooner.
    ///   - warn: Told where a run could not be kept.
    ///   - train: Trains; nil where there is nothing to report.
    /// - Throws: As `run(of:seed:)` and `train`.
    package func run(
        of arm: String, seed: Int, epochs: Int, warn: (String) -> Void, else train: () throws -> Run?
    ) throws -> Run? {
        if let kept = try run(of: arm, seed: seed) { return kept }
        let run = try train()
        if keepsRuns, let run, run.epochs.count == epochs || run.hasDiverged {
            do throws(ReportError) { try save(run, of: arm, seed: seed) } catch { warn("\(error)") }
        }
        return run
    }

    /// Keeps a finished run.
    ///
    /// - Throws: `ReportError.unwritable(path:reason:)`.
    package func save(_ run: Run, of arm: String, seed: Int) throws(ReportError) {
        let file = file(arm, seed)
        let contents: Data
        do { contents = try JSONEncoder().encode(File(options: options, run: run)) } catch {
            throw .unwritable(path: file.path, reason: ReportError.reason(of: error))
        }
        try AtomicFile.write([(file, contents)])
    }
}
