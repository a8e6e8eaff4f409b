import Foundation

/// Progress of trainings, over arms and seeds, on standard error.
///
/// On a terminal, one line is rewritten in place about ten times a second:
///
///     teleport  seed 2  epoch 3/5  batch 120/1875  46 %  loss 0.1234  1:02 elapsed, 1:13 left
///
/// Elsewhere (a log file, a pipe) it is one plain line per epoch, and one a minute in longer ones. It can be called from any thread.
package final class ProgressLine: @unchecked Sendable {
    // Unchecked: the lock guards all mutable state, which is written nowhere else than between its lock and unlock.

    /// How much there is to do in all.
    package struct Job: Equatable, Sendable {
        /// Trainings, over all arms and seeds.
        package var runs: Int
        /// Epochs of each training.
        package var epochs: Int
        /// Batches of each epoch.
        package var batches: Int
        /// The share of it that is done at the beginning, of a job that goes on.
        package var done = 0.0

        /// A job of so many trainings.
        package init(runs: Int, epochs: Int, batches: Int) {
            self.runs = runs
            self.epochs = epochs
            self.batches = batches
        }
    }

    /// What is being done.
    package struct Position: Equatable, Sendable {
        /// Which training it is, from 0, over all arms and seeds.
        package var run: Int
        /// The name of its arm.
        package var arm: String
        /// Its seed.
        package var seed: Int
        /// The epoch in progress, from 1.
        package var epoch: Int
        /// How many batches of this epoch are done.
        package var batch: Int

        /// A position within a job.
        package init(run: Int, arm: String, seed: Int, epoch: Int, batch: Int) {
            self.run = run
            self.arm = arm
            self.seed = seed
            self.epoch = epoch
            self.batch = batch
        }
    }

    private enum Style {
        case rewritten
        case plain
        case silent
    }

    private let job: Job
    private let style: Style
    private let clock: @Sendable () -> TimeInterval
    private let sink: @Sendable (String) -> Void
    private let start: TimeInterval

    private let lock = NSLock()
    private var lastUpdate: TimeInterval
    private var terminal: TerminalLine

    /// Shows progress on standard error, unless `quiet`.
    package convenience init(job: Job, quiet: Bool = false) {
        self.init(
            job: job, quiet: quiet, isTerminal: TerminalLine.isPossible, terminal: TerminalLine(),
            clock: { ProcessInfo.processInfo.systemUptime },
            sink: { StandardError.write($0) })
    }

    /// Shows progress anywhere.
    ///
    /// - Parameters:
    ///   - isTerminal: Whether a line can be rewritten.
    ///   - terminal: The line to rewrite.
    ///   - clock: Seconds since some fixed moment.
    ///   - sink: Takes the text where no line can be rewritten.
    init(
        job: Job, quiet: Bool = false, isTerminal: Bool, terminal: TerminalLine,
        clock: @escaping @Sendable () -> TimeInterval, sink: @escaping @Sendable (String) -> Void
    ) {
        self.job = job
        style = quiet ? .silent : isTerminal ? .rewritten : .plain
        self.terminal = terminal
        self.clock = clock
        self.sink = sink
        start = clock()
        lastUpdate = style == .plain ? start : -.infinity
    }

    /// The seconds between two updates.
    private var interval: TimeInterval { style == .plain ? 60 : 0.1 }

    /// Tells that a batch is done; cheap enough to call after every one.
    ///
    /// - Parameter loss: The loss to show; it is asked for only when a line is written, so reading it off a device
    ///   costs nothing in between.
    package func update(_ position: Position, loss: @autoclosure () -> Double) {
        lock.withLock {
            let now = clock()
            guard style != .silent, now - lastUpdate >= interval else { return }
            lastUpdate = now
            let line = line(position, loss: loss(), elapsed: now - start)
            if style == .plain { sink(line + "\n") } else { terminal.rewrite(line) }
        }
    }

    /// Tells that an epoch is done.
    ///
    /// - Parameters:
    ///   - position: Where the job is.
    ///   - loss: The loss of the epoch, for the line of a terminal.
    ///   - text: What there is to say about the epoch, where each has a line of its own.
    package func finishEpoch(_ position: Position, loss: Double, text: String) {
        lock.withLock {
            let now = clock()
            switch style {
            case .silent: break
            case .rewritten:
                lastUpdate = now
                terminal.rewrite(line(position, loss: loss, elapsed: now - start))
            case .plain:
                lastUpdate = now
                sink("\(position.arm) seed \(position.seed) epoch \(position.epoch)/\(job.epochs): \(text)\n")
            }
        }
    }

    /// Writes a line that stays, such as a warning, above the progress.
    package func print(_ message: String) {
        lock.withLock {
            switch style {
            case .silent: break
            case .rewritten: terminal.print(message)
            case .plain: sink(message + "\n")
            }
        }
    }

    /// Takes the line off the terminal; call it at the end, whether the job succeeded or not.
    package func finish() {
        lock.withLock { terminal.clear() }
    }

    private func line(_ position: Position, loss: Double, elapsed: TimeInterval) -> String {
        // As fractions: the number of batches of a long job is beyond integers.
        let epochs =
            Double(position.epoch - 1) + Double(position.batch) / Double(max(1, job.batches))
        let runs = Double(position.run) + epochs / Double(max(1, job.epochs))
        let fraction = min(1, runs / Double(max(1, job.runs)))
        var parts = [
            position.arm, "seed \(position.seed)", "epoch \(position.epoch)/\(job.epochs)",
            "batch \(position.batch)/\(job.batches)", "\(Int(fraction * 100)) %", "loss \(loss.significant())",
        ]
        // All batches are taken to last equally long; before the first there is nothing to go by.
        let own = fraction - job.done
        let left = own > 0 ? ", \((elapsed * (1 - fraction) / own).duration()) left" : ""
        parts.append(elapsed.duration() + " elapsed" + left)
        let line = parts.joined(separator: "  ")
        guard style == .rewritten, line.displayWidth > terminal.columns else { return line }
        // The percentage says the same more coarsely; the time left is worth more than the batch.
        parts.remove(at: 3)
        return parts.joined(separator: "  ")
    }
}
