import Foundation
import NeuralNetworks
import Optimizers
import Torch

extension Training {
    /// Finds out whether steps are faster with one thread or with as many as libtorch may use now, and goes on with these.
    ///
    /// Threads that share an operation wait for the slowest of them: of small operations, or where another process is on one of the
    /// processors, one alone is faster. Both take turns on a model that is thrown away, so that whatever else the machine does meets
    /// both; the median of the rounds counts, and more threads must be faster by a twentieth.
    ///
    /// - Returns: The threads that operations use from here on.
    @discardableResult
    package func chooseThreads() -> Int {
        let most = Libtorch.threadCount
        guard most > 1 else { return most }
        let choices = [most, 1]
        let step = makeStep(for: makeModel(seed: 0))
        let batches = Array(trainingSamples.batches(of: configuration.batchSize).prefix(4))
        func time(_ threads: Int, steps: Int) -> Double {
            Libtorch.threadCount = threads
            let time = ContinuousClock().measure {
                var last: Tensor?
                for number in 0..<steps { last = step(on: batches[number % batches.count]) }
                _ = last?.item()
            }
            return time / .seconds(1) / Double(steps)
        }
        // The first step of a process pays for what later ones find ready.
        let first = choices.map { time($0, steps: 1) }.max() ?? 0
        // Enough steps that a moment's wait is little beside them, and no more than the choice is worth.
        let steps = max(1, min(20, Int(0.02 / max(first, 1e-6))))
        let rounds = first > 0.2 ? 1 : 5
        var times: [[Double]] = [[], []]
        for _ in 0..<rounds {
            for (place, threads) in choices.enumerated() { times[place].append(time(threads, steps: steps)) }
        }
        Libtorch.threadCount = times[0].median < 0.95 * times[1].median ? most : 1
        return Libtorch.threadCount
    }
}
