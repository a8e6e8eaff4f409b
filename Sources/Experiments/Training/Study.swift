/// Arms that are run from the same seeds, seed by seed.
package struct Study<Arm> {
    /// What differs between runs of one seed.
    package let arms: [Arm]
    /// The seeds, in their order.
    package let seeds: [Int]
    /// Whether each arm goes first in turn, so that none is always the one that meets a machine that slows down.
    package var alternates: Bool

    /// A study of arms.
    package init(_ arms: [Arm], seeds: [Int], alternates: Bool = false) {
        self.arms = arms
        self.seeds = seeds
        self.alternates = alternates
    }

    /// The number of runs.
    package var runCount: Int { arms.count * seeds.count }

    /// The finished runs of an arm.
    package struct Result<Outcome> {
        /// The arm.
        package let arm: Arm
        /// The seeds of the runs that were finished.
        package var seeds: [Int] = []
        /// What they gave.
        package var runs: [Outcome] = []
    }

    /// Runs all arms.
    ///
    /// - Parameters:
    ///   - isCancelled: Asked before each run; once true, none follows.
    ///   - run: Runs an arm from a seed, given how many runs were finished before; nil if there is nothing to report.
    /// - Returns: A result for each arm, in their order.
    package func run<Outcome>(
        isCancelled: () -> Bool = { false }, _ run: (_ arm: Arm, _ seed: Int, _ number: Int) throws -> Outcome?
    ) rethrows -> [Result<Outcome>] {
        var results = arms.map { Result<Outcome>(arm: $0) }
        var finished = 0
        for (turn, seed) in seeds.enumerated() {
            for place in arms.indices where !isCancelled() {
                let index = alternates ? (place + turn) % arms.count : place
                guard let outcome = try run(arms[index], seed, finished) else { continue }
                results[index].seeds.append(seed)
                results[index].runs.append(outcome)
                finished += 1
            }
        }
        return results
    }
}

extension Study.Result: Sendable where Arm: Sendable, Outcome: Sendable {}
