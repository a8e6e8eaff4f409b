import TextForms
import Torch

/// What an optimizer remembers of the steps of some parameters: numbers and tensors under names, for a file to hold.
public struct OptimizerState {
    /// What is remembered of one parameter.
    public struct Entry {
        /// The number of steps taken.
        public let stepCount: Int
        /// Moments and the like under PyTorch's names, copies.
        public let tensors: [String: Tensor]

        /// What is remembered of a parameter.
        public init(stepCount: Int = 0, tensors: [String: Tensor] = [:]) {
            self.stepCount = stepCount
            self.tensors = tensors
        }

        /// Whether this is the state before the first step.
        public var isEmpty: Bool { stepCount == 0 }
    }

    /// One entry for each parameter, in their order.
    public let entries: [Entry]

    /// The state of as many parameters as there are entries.
    public init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// Whether this is the state before the first step of any parameter.
    public var isEmpty: Bool { entries.allSatisfy(\.isEmpty) }

    /// Checks that there is one entry for each parameter.
    func checkCount(_ parameters: [Tensor]) throws(OptimizerStateError) {
        guard entries.count == parameters.count else {
            throw OptimizerStateError(
                "the state is of \(entries.count.counted("parameter")), but there are \(parameters.count); "
                    + "give those that it was taken of")
        }
    }
}

/// A state that does not fit an optimizer and its parameters.
public struct OptimizerStateError: Error, CustomStringConvertible {
    /// What does not fit.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
