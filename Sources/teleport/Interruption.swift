import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, the request of a job scheduler to end, and a terminal that goes away: each asks the run to stop. A second one ends
/// the process, but for that of the terminal, of which there are often two.
final class Interruption {
    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    private let flag = Flag()
    private var sources: [any DispatchSourceSignal] = []

    /// Whether the user asked to stop.
    var isRequested: Bool { flag.isSet.load(ordering: .relaxed) }

    init() {
        // One that starts this process may have it ignore or block signals, as a shell does in the background.
        signal(SIGQUIT, SIG_DFL)
        var heard = sigset_t()
        sigemptyset(&heard)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&heard, number) }
        pthread_sigmask(SIG_UNBLOCK, &heard, nil)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let previous = signal(number, SIG_IGN)
            // 'nohup' has the process live on without a terminal.
            if number == SIGHUP, Self.isIgnoring(previous) { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [flag] in
                let isFirst = !flag.isSet.exchange(true, ordering: .relaxed)
                if isFirst {
                    Console.warn("stopping after the step under way; a second Ctrl-C loses the results")
                }
                if number != SIGHUP { signal(number, SIG_DFL) }
            }
            source.resume()
            sources.append(source)
        }
    }

    private static func isIgnoring(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
