import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, and the request of a job scheduler to end: the first one asks the run to stop, a second one ends the process.
final class Interruption {
    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    private let flag = Flag()
    private let sources: [any DispatchSourceSignal]

    /// Whether the user asked to stop.
    var isRequested: Bool { flag.isSet.load(ordering: .relaxed) }

    init() {
        let signals = [SIGINT, SIGTERM]
        sources = signals.map { DispatchSource.makeSignalSource(signal: $0, queue: .global()) }
        for (number, source) in zip(signals, sources) {
            signal(number, SIG_IGN)
            source.setEventHandler { [flag] in
                flag.isSet.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
            source.resume()
        }
    }
}
