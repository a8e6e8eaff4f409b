import Foundation
import Reporting
import Torch

/// The checkpoints of a run: the newest few, and beside them that of the lowest test loss.
package struct CheckpointFolder {
    /// The folder.
    package let url: URL
    /// How many of the newest are kept.
    package let count: Int

    /// The folder of a run; nothing is made or read yet.
    package init(_ url: URL, keeping count: Int) {
        self.url = url
        self.count = count
    }

    private static let prefix = "step-"
    private static let suffix = ".safetensors"

    /// The file of the model with the lowest test loss.
    package var best: URL { url.appendingPathComponent("best" + Self.suffix) }

    private func file(ofStep step: Int) -> URL {
        url.appendingPathComponent(Self.prefix + String(format: "%012d", step) + Self.suffix)
    }

    /// The steps of which there are checkpoints, ascending.
    package var steps: [Int] {
        ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).compactMap { name in
            guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
            return Int(name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count))
        }.sorted()
    }

    /// The newest checkpoint that can be read; nil if there is none at all.
    ///
    /// - Parameter warn: Told of newer ones that are damaged.
    /// - Throws: `CheckpointError` if there are some, and none can be read: why not the newest.
    package func newest(warn: (String) -> Void) throws(CheckpointError) -> Checkpoint? {
        var failure: CheckpointError?
        for step in steps.reversed() {
            do throws(CheckpointError) {
                let checkpoint = try Checkpoint(contentsOf: file(ofStep: step))
                if let failure { warn("\(failure); going on from the checkpoint of step \(step)") }
                return checkpoint
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return nil
    }

    /// Writes a checkpoint, and only then removes those that are too old.
    ///
    /// - Throws: `SafetensorsError` if it cannot be written; all that were there are there still.
    package func save(_ checkpoint: Checkpoint) throws(SafetensorsError) {
        let progress = checkpoint.state.progress
        let file = file(ofStep: progress.position.step)
        try checkpoint.write(to: file)
        if progress.record.hasJustEndedBestEpoch, !progress.isWithinEpoch { keepAsBest(file) }
        for step in steps.dropLast(count) { unlink(self.file(ofStep: step).path) }
    }

    /// Gives a checkpoint a second name, under which it stays.
    private func keepAsBest(_ file: URL) {
        let temporary = url.appendingPathComponent(".teleport-\(getpid())-best")
        unlink(temporary.path)
        // Where a file cannot have two names, a copy takes more room and does the same.
        if link(file.path, temporary.path) != 0 {
            guard (try? FileManager.default.copyItem(at: file, to: temporary)) != nil else { return }
        }
        if rename(temporary.path, best.path) != 0 { unlink(temporary.path) }
    }

    /// Makes the folder where there is none, and removes what a process left in it that was killed while it wrote.
    ///
    /// - Throws: `ReportError.unwritable(path:reason:)`.
    package func make() throws(ReportError) {
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw .unwritable(path: url.path, reason: ReportError.reason(of: error))
        }
        AtomicFile.clear(url)
    }

    /// Removes all checkpoints.
    package func clear() {
        for step in steps { unlink(file(ofStep: step).path) }
        unlink(best.path)
    }
}

extension Run {
    /// Whether no epoch has a lower test loss than the last one.
    fileprivate var hasJustEndedBestEpoch: Bool {
        guard let last = epochs.last?.testLoss, last.isFinite else { return false }
        return epochs.allSatisfy { !($0.testLoss < last) }
    }
}
