import NeuralNetworks
import TextForms
import Torch

/// What a stateful optimizer keeps from step to step: a slot for each parameter that has taken one.
final class OptimizerMemory {
    private var slots: [ObjectIdentifier: Slot] = [:]

    /// What is remembered of one parameter.
    final class Slot {
        /// Keeps the parameter alive: a slot is found by the identity of the parameter, which only a living one has alone.
        private let parameter: Tensor
        /// The rule's tensors under their names.
        let tensors: [String: Tensor]
        /// The number of steps taken.
        var stepCount = 0
        /// Where the gradient is formed if it is factored.
        private var gradientBuffer: Tensor?

        /// The slot of a parameter before its first step; traps if the parameter is a view with gaps.
        init(for parameter: Tensor, _ tensors: [String: Tensor]) {
            require(
                parameter.contiguous().sharesStorage(with: parameter),
                "a parameter of shape \(parameter.shape) is a view that is not contiguous in memory; "
                    + "optimizers step on whole tensors")
            self.parameter = parameter
            self.tensors = tensors
        }

        /// The elements of the parameter's gradient, contiguous: those of a factored one in the slot's buffer.
        func formed(_ gradient: ParameterGradient) -> Tensor {
            gradient.checkFit(to: parameter)
            if case .tensor(let gradient) = gradient { return gradient.contiguous() }
            let buffer = gradientBuffer ?? Tensor.zeros(like: parameter)
            gradientBuffer = buffer
            gradient.form(into: buffer)
            return buffer
        }

        /// A copy of what is remembered; empty before the first step.
        var entry: OptimizerState.Entry {
            OptimizerState.Entry(stepCount: stepCount, tensors: stepCount == 0 ? [:] : tensors.mapValues { $0.clone() })
        }

        /// Checks that a saved state has the names, shapes and types of this one.
        func check(_ entry: OptimizerState.Entry, ofParameter index: Int) throws(OptimizerStateError) {
            guard entry.stepCount >= 0 else {
                throw OptimizerStateError(
                    "the state of parameter \(index) is that after \(entry.stepCount.counted("step")), of which there are at least 0; "
                        + "take one that state(of:) gave")
            }
            let (names, expected) = (entry.tensors.keys.sorted(), tensors.keys.sorted())
            guard names == expected else {
                throw OptimizerStateError(
                    "the state of parameter \(index) has \(names.listed), but this optimizer needs \(expected.listed)")
            }
            for name in names {
                let (saved, tensor) = (entry.tensors[name]!, tensors[name]!)
                guard saved.shape == tensor.shape, saved.dtype == tensor.dtype else {
                    throw OptimizerStateError(
                        "\(name) of parameter \(index) of the state is \(saved.layout), "
                            + "but the parameter needs \(tensor.layout)")
                }
            }
        }

        /// Takes over a copy of a saved state that fits.
        func restore(_ entry: OptimizerState.Entry) {
            for (name, tensor) in tensors { tensor.copy(from: entry.tensors[name]!) }
            stepCount = entry.stepCount
        }
    }

    /// The slot of a parameter that has one.
    subscript(parameter: Tensor) -> Slot? {
        get { slots[parameter.id] }
        set { slots[parameter.id] = newValue }
    }

    /// Goes back to the time before the first step.
    func reset() { slots = [:] }
}

extension [String] {
    /// The names in a sentence.
    fileprivate var listed: String { isEmpty ? "no tensors" : joined(separator: ", ") }
}
