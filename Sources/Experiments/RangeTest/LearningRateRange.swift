import Foundation

/// Learning rates that grow by the same factor from each training step to the next.
package struct LearningRateRange: Hashable, Sendable {
    /// The rate of the first step.
    package let lowest: Double
    /// The rate of the last step.
    package let highest: Double
    /// How many steps there are.
    package let steps: Int

    /// The rates from one to a higher one, in at least two steps.
    package init(from lowest: Double, to highest: Double, steps: Int) {
        precondition(
            0 < lowest && lowest < highest && steps > 1, "learning rates \(lowest) to \(highest) in \(steps) steps")
        self.lowest = lowest
        self.highest = highest
        self.steps = steps
    }

    /// What each step multiplies the rate by.
    package var growth: Double { pow(highest / lowest, 1 / Double(steps - 1)) }

    /// The rate of a step, from 0.
    package subscript(step: Int) -> Double { lowest * pow(highest / lowest, Double(step) / Double(steps - 1)) }
}
