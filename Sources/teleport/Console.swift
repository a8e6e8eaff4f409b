import ArgumentParser
import Datasets
import Downloads
import Experiments
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import TextForms
import Torch

/// What the tool tells on standard output and standard error, and by its exit status.
enum Console {
    /// How a command ended that did not do its job.
    enum ExitStatus: Int32, Error {
        case badUsage = 2
        case badData = 3
        case diverged = 4
        case lostProcess = 5

        /// That of a command that throws an error of the library.
        init(for error: any Error) {
            switch error {
            case is DatasetError, is LossError, is StartingLossError, is SafetensorsError, is WeightsError,
                is CheckpointError, is TrainingStateError, is LearnedFileError, is DownloadError:
                self = .badData
            case is ProcessGroupError: self = .lostProcess
            // What libtorch cannot decompose are numbers that are not finite, or nearly so.
            case is TorchError: self = .diverged
            // Models, methods, files and folders that do not go together: the error says what to give instead.
            default: self = .badUsage
            }
        }
    }

    /// What messages begin with, after the name of the tool: which of several processes speaks.
    nonisolated(unsafe) static var prefix = ""
    /// Whether results and warnings are left to another process.
    nonisolated(unsafe) static var isQuiet = false

    /// Sees to it that what is shown cannot end the process, or get into a file.
    static func prepare() {
        // A reader that has gone away, as 'head' does, is no reason to lose a run.
        signal(SIGPIPE, SIG_IGN)
        // Of a stream that is closed the next file that is opened would take the number.
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) == -1 {
            let null = open("/dev/null", O_RDWR)
            if null >= 0, null != stream {
                dup2(null, stream)
                close(null)
            }
        }
        OutOfMemory.handler.withLock {
            $0 = { message in
                let bytes = message.firstMatch(of: /allocate ([0-9]+) bytes/).flatMap { Double($0.1) }
                let amount =
                    bytes.map { "\(($0 * 1e-9).significant(3)) GB were asked for at once" } ?? "nothing is left"
                fail("not enough memory: \(amount); give a smaller --model, --batch-size or --teleport-batch-size")
                exit(ExitStatus.badUsage.rawValue)
            }
        }
    }

    /// Tells that a training diverged, and what to do.
    ///
    /// - Returns: The status to throw.
    static func divergence(_ reason: String, learningRate: Double) -> ExitStatus {
        // All processes see it, and one is enough to say so.
        if isQuiet { return .diverged }
        fail("training diverged: \(reason); lower --learning-rate, which was \(learningRate)")
        return .diverged
    }

    /// Sets the number of threads, and says so where they are more than can run at once.
    ///
    /// - Parameters:
    ///   - threads: What the user asked for with `--threads`, if anything.
    ///   - most: The most threads to take where nobody asked for a number.
    static func use(threads: Int?, most: Int = 1024, isQuiet: Bool) {
        let processors = Processors()
        let count = threads ?? min(processors.threads, most)
        Libtorch.threadCount = count
        guard count > processors.count, !isQuiet else { return }
        let (name, remedy) = threads == nil ? ("OMP_NUM_THREADS=", "set") : ("--threads ", "give")
        warn(
            "\(name)\(count): this process has \(processors.count.counted("processor")), and threads that wait for one hold up "
                + "the others; \(remedy) \(name)\(processors.count)")
    }

    /// Says that the machine is busy, where it is busier than a run expects.
    static func warn(of watch: ProcessorWatch, isQuiet: Bool) {
        guard !isQuiet, let share = watch.waitingShare, share >= ProcessorWatch.busyShare else { return }
        let threads = Libtorch.threadCount
        warn(
            "the machine is busy: threads waited \(share.percent(2)) of the time for a processor, and times say little; "
                + (threads > 1 ? "--threads \(threads - 1) may be faster" : "run again when less is going on"))
    }

    /// What to say of a number that is larger than what there is; nil if it is not.
    static func capped(_ option: String, _ number: Int?, by most: Int) -> String? {
        guard let number, number > most else { return nil }
        return "--\(option) \(number): the data have no more than \(most), and that is what is taken"
    }

    /// Does what is for looking at, without which a run succeeds: what is missing then is told.
    ///
    /// - Returns: Why it is missing; nil if it is not.
    @discardableResult
    static func attempt(_ loss: String, _ body: () throws -> Void) -> String? {
        do { try body() } catch {
            warn("\(loss): \(error)")
            return "\(error)"
        }
        return nil
    }

    /// Writes a text to standard output, now: whoever waits for it need not wait for what comes next.
    ///
    /// - Returns: Why it could not be written; nil if it could.
    @discardableResult
    static func show(_ text: String) -> String? {
        guard !isQuiet else { return nil }
        print(text)
        return fflush(nil) == 0 ? nil : String(cString: strerror(errno))
    }

    /// Tells on standard error what is worth knowing, in one line, whatever lines the message has.
    static func warn(_ message: String) {
        if !isQuiet { StandardError.write(warning(message) + "\n") }
    }

    /// Tells on standard error why a command ends, likewise.
    static func fail(_ message: String) { StandardError.write(prefixed(prefix + message, .red) + "\n") }

    /// The line of a warning.
    static func warning(_ message: String) -> String { prefixed(message, .yellow) }

    private static func prefixed(_ message: String, _ color: TerminalColor) -> String {
        let name = "teleport:"
        return (TerminalColor.isOnStandardError ? color.applied(to: name) : name) + " " + line(message)
    }

    /// A message on one line, without the middle of what is too long to read: values as people give them may be files.
    static func line(_ message: String) -> String {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        let quotes = line.split(separator: "'", omittingEmptySubsequences: false)
        return quotes.map { shortened(String($0), to: 400) }.joined(separator: "'")
    }

    private static func shortened(_ text: String, to length: Int) -> String {
        text.count > length ? "\(text.prefix(length / 2)) ... \(text.suffix(length / 2))" : text
    }
}
