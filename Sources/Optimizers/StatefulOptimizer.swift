import NeuralNetworks
import Torch

/// An optimizer that keeps tensors for each parameter, and steps on many parameters at once.
protocol StatefulOptimizer: Optimizer {
    /// The state of the parameters.
    var memory: OptimizerMemory { get }

    /// The share of itself that a parameter loses in a step, beside what it owes to the gradient; nil where a step may
    /// depend on the parameter in other ways.
    var decay: Double? { get }

    /// Whether a step treats each element by itself. The state then has the parameter's shape.
    var isElementwise: Bool { get }

    /// The state of a parameter before its first step.
    func initialState(for parameter: Tensor) -> [String: Tensor]

    /// Takes a step: changes the parameters and their states in place.
    ///
    /// - Parameters:
    ///   - parameters: The tensors to move.
    ///   - gradients: Their gradients, contiguous; left with the values that they have.
    ///   - states: The state of each parameter.
    ///   - counts: The number of this step of each parameter, counted from 1.
    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int])

    /// `A v` as in `UpdateRule`, of a parameter or a part of it; the state is the one there is, and to be left as it is.
    func preconditioned(
        _ vector: Tensor, at gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int
    ) -> Tensor?
}

extension StatefulOptimizer {
    /// None: what a step takes away is owed to the gradient.
    var decay: Double? { 0 }

    /// It may look at a parameter as a whole.
    var isElementwise: Bool { false }

    /// Nil: the step has no diagonal.
    func preconditioned(
        _ vector: Tensor, at gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int
    ) -> Tensor? { nil }

    /// Where a parameter loses a share of itself, or may move by it in other ways.
    public var readsParameters: Bool { decay != 0 }

    /// Takes one step, in place; factored gradients are formed in buffers that stay from step to step.
    public func update(_ parameters: [Tensor], with gradients: [ParameterGradient]) {
        checkLists(parameters, gradients)
        withoutGradients {
            let slots = parameters.map { parameter in
                let slot = slot(of: parameter)
                memory[parameter] = slot
                slot.stepCount += 1
                return slot
            }
            step(
                parameters, gradients: zip(slots, gradients).map { $0.formed($1) }, states: slots.map(\.tensors),
                counts: slots.map(\.stepCount))
        }
    }

    /// `w' - w` of the step from w to w' that `update` would take; its own kernel computes it.
    public func displacement(of parameters: [Tensor], with gradients: [ParameterGradient]) -> [ParameterGradient] {
        checkLists(parameters, gradients)
        return withoutGradients {
            zip(parameters, gradients).map { parameter, gradient in
                let whole = Tensor.empty(like: parameter)
                trySteps(of: parameter, with: gradient, into: { $0.of(whole) }) { _, _, _ in }
                return .tensor(whole)
            }
        }
    }

    /// `w + k (w' - w)`, part by part while these are in a processor's cache.
    public func displaced(
        _ parameters: [Tensor], with gradients: [ParameterGradient], by multiple: Double
    ) -> [Tensor] {
        checkLists(parameters, gradients)
        return withoutGradients {
            zip(parameters, gradients).map { parameter, gradient in
                let whole = Tensor.empty(like: parameter)
                trySteps(of: parameter, with: gradient, into: { $0.of(whole) }) { part, displacement, _ in
                    displacement.multiplyInPlace(by: multiple)
                    displacement.addInPlace(part.of(parameter), scale: 1)
                }
                return whole
            }
        }
    }

    /// `<g, w - w'>` for the step from w to w' that `update` would take; its own kernel computes it.
    public func predictedDecrease(
        of parameters: [Tensor], with gradients: [ParameterGradient], squaredNorm: Double?
    ) -> Double {
        checkLists(parameters, gradients)
        return withoutGradients {
            var increases: [Tensor] = []
            for (parameter, gradient) in zip(parameters, gradients) {
                trySteps(of: parameter, with: gradient, into: { .empty(like: $0.of(parameter)) }) {
                    increases.append($1.dot($2))
                }
            }
            return -increases.total()
        }
    }

    /// `A v` of each vector; nil if one has none.
    public func preconditioned(
        _ vectors: [ParameterGradient], at gradients: [ParameterGradient], of parameters: [Tensor]
    ) -> [ParameterGradient]? {
        checkLists(parameters, gradients)
        checkLists(parameters, vectors)
        return withoutGradients {
            var scaled: [ParameterGradient] = []
            for (parameter, (vector, gradient)) in zip(parameters, zip(vectors, gradients)) {
                vector.checkFit(to: parameter)
                gradient.checkFit(to: parameter)
                let parts = parts(of: parameter)
                var products: [Tensor] = []
                for part in parts {
                    let (state, count) = state(of: part, of: parameter)
                    guard
                        let product = preconditioned(
                            part.of(vector), at: part.of(gradient), of: part.of(parameter), state: state,
                            count: count + 1)
                    else { return nil }
                    products.append(product)
                }
                scaled.append(.tensor(parts.count == 1 ? products[0] : .concatenated(products, along: 0)))
            }
            return scaled
        }
    }

    /// A copy of what is remembered of the parameters.
    public func state(of parameters: [Tensor]) -> OptimizerState {
        OptimizerState(parameters.map { memory[$0]?.entry ?? OptimizerState.Entry() })
    }

    /// Goes back to a state that `state(of:)` gave, for these parameters.
    public func restore(_ state: OptimizerState, for parameters: [Tensor]) throws(OptimizerStateError) {
        try state.checkCount(parameters)
        var slots: [OptimizerMemory.Slot?] = []
        for (index, (parameter, entry)) in zip(parameters, state.entries).enumerated() {
            guard !entry.isEmpty else {
                slots.append(nil)
                continue
            }
            let slot = slot(of: parameter)
            try slot.check(entry, ofParameter: index)
            slots.append(slot)
        }
        for (index, slot) in slots.enumerated() {
            slot?.restore(state.entries[index])
            memory[parameters[index]] = slot
        }
    }

    /// Forgets all steps.
    public func reset() { memory.reset() }

    /// What is remembered of a parameter, or what would be before its first step.
    private func slot(of parameter: Tensor) -> OptimizerMemory.Slot {
        memory[parameter] ?? OptimizerMemory.Slot(for: parameter, initialState(for: parameter))
    }

    /// Takes the next step of one parameter on trial, part by part.
    ///
    /// - Parameters:
    ///   - parameter: The parameter, which stays as it is.
    ///   - gradient: Its gradient.
    ///   - destination: Where to put what the step would add to a part.
    ///   - body: Receives the part, what the step would add to it, and its gradient.
    private func trySteps(
        of parameter: Tensor, with gradient: ParameterGradient, into destination: (ParameterPart) -> Tensor,
        _ body: (_ part: ParameterPart, _ displacement: Tensor, _ gradient: Tensor) -> Void
    ) {
        gradient.checkFit(to: parameter)
        for part in parts(of: parameter) {
            let (values, moved, gradient) = (part.of(parameter), destination(part), part.of(gradient))
            let (state, count) = state(of: part, of: parameter)
            // A step from zero, on copies of the state, ends at w' - w: the kernel itself says what it would do, and no digits
            // are lost in the difference of two nearly equal parameters.
            if decay == nil { moved.copy(from: values) } else { moved.fill(0) }
            // A rule of somebody else's may begin with tensors that it keeps.
            let copies = isElementwise && count == 0 ? state : state.mapValues { $0.clone() }
            step([moved], gradients: [gradient], states: [copies], counts: [count + 1])
            let left = decay ?? 1
            if left != 0 { moved.addInPlace(values, scale: -left) }
            body(part, moved, gradient)
        }
    }

    /// The parts of a parameter that a step can be looked at on, one after the other.
    private func parts(of parameter: Tensor) -> [ParameterPart] {
        isElementwise ? ParameterPart.parts(of: parameter) : [.whole]
    }

    /// What is remembered of a part of a parameter, and the number of its steps; before the first one, what it would begin with.
    private func state(of part: ParameterPart, of parameter: Tensor) -> (tensors: [String: Tensor], count: Int) {
        guard let slot = memory[parameter] else {
            return (initialState(for: part.of(parameter)), 0)
        }
        return (slot.tensors.mapValues { part.of($0) }, slot.stepCount)
    }
}

/// The counts of a step as libtorch's fused kernels take them: a float32 tensor for each parameter.
func stepCounts(_ counts: [Double], for parameters: [Tensor]) -> [Tensor] {
    guard let first = counts.first else { return [] }
    guard counts.contains(where: { $0 != first }) else {
        return Array(repeating: Tensor(first, device: parameters[0].device), count: counts.count)
    }
    return zip(counts, parameters).map { Tensor($0, device: $1.device) }
}
