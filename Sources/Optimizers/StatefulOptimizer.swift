import NeuralNetworks
import Torch

/// An optimizer whose step is one kernel over the parameters, their gradients, and moments of the parameters' shapes.
protocol StatefulOptimizer: Optimizer {
    /// The moments and the number of steps taken.
    var memory: OptimizerMemory { get }

    /// Takes the step of number `count`, counted from 1: changes the parameters and the moments in place.
    ///
    /// - Parameters:
    ///   - parameters: The tensors to move.
    ///   - gradients: Their gradients, contiguous; left with the values that they have.
    ///   - moments: One list, parallel to the parameters, for each of the memory's names.
    ///   - count: The number of this step.
    func step(_ parameters: [Tensor], gradients: [Tensor], moments: [[Tensor]], count: Int)
}

extension StatefulOptimizer {
    /// Takes one step, in place; factored gradients are formed in buffers that stay from step to step.
    public func update(_ parameters: [Tensor], with gradients: [ParameterGradient]) {
        checkCounts(parameters, gradients)
        withoutGradients {
            memory.prepare(for: parameters)
            memory.stepCount += 1
            step(
                parameters, gradients: memory.formed(gradients, of: parameters), moments: memory.moments,
                count: memory.stepCount)
        }
    }

    /// `<g, w - w'>` for the step from w to w' that `update` would take; its own kernel computes it.
    public func predictedDecrease(of parameters: [Tensor], with gradients: [ParameterGradient]) -> Double {
        checkCounts(parameters, gradients)
        return withoutGradients {
            memory.prepare(for: parameters)
            let decreases = memory.formed(gradients, of: parameters).enumerated().map { index, gradient in
                // A step from zero, on copies of the moments, ends at w' - w: the kernel itself says what it would do,
                // and no digits are lost in the difference of two nearly equal parameters.
                let (difference, moments) = memory.trial(of: index)
                step(
                    [difference], gradients: [gradient], moments: moments.map { [$0] }, count: memory.stepCount + 1)
                return difference.dot(gradient)
            }
            return -decreases.total()
        }
    }

    /// A copy of the moments and the number of steps; empty before the first step.
    public var state: [String: [Tensor]] { memory.state }

    /// Goes back to a state that `state` gave, for these parameters.
    public func restore(_ state: [String: [Tensor]], for parameters: [Tensor]) throws(OptimizerStateError) {
        try memory.restore(state, for: parameters)
    }

    /// Forgets all steps.
    public func reset() { memory.reset() }
}

/// What a stateful optimizer keeps from step to step.
final class OptimizerMemory {
    /// PyTorch's name of each kind of moment.
    private let momentNames: [String]
    /// The name of the number of steps in a saved state.
    private static let stepName = "step"

    /// For each name, one tensor for each parameter, of its shape; empty lists before the first use.
    private(set) var moments: [[Tensor]]
    /// The number of steps taken.
    var stepCount = 0

    // The first touch of a page that the operating system has just given out costs more than a kernel takes to fill it,
    // and the allocator gives large blocks back as they are freed; so these stay from step to step.

    /// For each parameter, where its gradient is formed if it is factored.
    private var gradientBuffers: [Tensor?] = []
    /// Where one parameter, and each of its moments, take a step on trial: as large as the largest parameter so far.
    private var trialBuffers: [Tensor?]

    init(momentNames: [String]) {
        self.momentNames = momentNames
        moments = momentNames.map { _ in [] }
        trialBuffers = [Tensor?](repeating: nil, count: 1 + momentNames.count)
    }

    /// Makes moments of zeros for the parameters, or checks that the ones there are fit.
    func prepare(for parameters: [Tensor]) {
        if moments[0].isEmpty {
            for (index, parameter) in parameters.enumerated() {
                require(
                    parameter.contiguous().sharesStorage(with: parameter),
                    "parameter \(index) of shape \(parameter.shape) is a view that is not contiguous in memory; "
                        + "optimizers step on whole tensors")
            }
            moments = momentNames.map { _ in parameters.map(Tensor.zeros(like:)) }
            gradientBuffers = parameters.map { _ in nil }
            return
        }
        require(
            parameters.count == moments[0].count,
            "\(parameters.count) parameters, but the optimizer's state is of \(moments[0].count); reset it first")
        for (index, (parameter, moment)) in zip(parameters, moments[0]).enumerated() {
            require(
                parameter.isLike(moment),
                "parameter \(index) is \(parameter.layout), but the optimizer's state of it is \(moment.layout); "
                    + "reset it first")
        }
    }

    /// The elements of the gradients, contiguous: those of a factored one in this memory's buffers.
    func formed(_ gradients: [ParameterGradient], of parameters: [Tensor]) -> [Tensor] {
        gradients.indices.map { index in
            gradients[index].checkFit(to: parameters[index])
            if case .tensor(let gradient) = gradients[index] { return gradient.contiguous() }
            let buffer = gradientBuffers[index] ?? Tensor.zeros(like: parameters[index])
            gradientBuffers[index] = buffer
            gradients[index].form(into: buffer)
            return buffer
        }
    }

    /// Zeros in place of a parameter, and copies of its moments, which last until the next call.
    func trial(of index: Int) -> (parameter: Tensor, moments: [Tensor]) {
        let parameter = trialTensor(0, like: moments[0][index])
        parameter.fill(0)
        let copies = moments.enumerated().map { position, moments in
            let copy = trialTensor(1 + position, like: moments[index])
            copy.copy(from: moments[index])
            return copy
        }
        return (parameter, copies)
    }

    /// A tensor like another one in the trial buffer at a position, which grows as needed.
    private func trialTensor(_ position: Int, like other: Tensor) -> Tensor {
        let count = other.count
        let fits = { (buffer: Tensor) in
            buffer.count >= count && buffer.dtype == other.dtype && buffer.device == other.device
        }
        let buffer =
            trialBuffers[position].flatMap { fits($0) ? $0 : nil }
            ?? Tensor.empty([count], dtype: other.dtype, device: other.device)
        trialBuffers[position] = buffer
        return buffer.narrowed(0, to: 0..<count).reshaped(other.shape)
    }

    /// Copies of the moments, and the number of steps as PyTorch has it, a float32 tensor of rank 0.
    var state: [String: [Tensor]] {
        guard stepCount > 0 else { return [:] }
        var state = [Self.stepName: [Tensor(Double(stepCount))]]
        for (name, tensors) in zip(momentNames, moments) { state[name] = tensors.map { $0.clone() } }
        return state
    }

    /// Takes over copies of a saved state, on the parameters' devices.
    func restore(_ state: [String: [Tensor]], for parameters: [Tensor]) throws(OptimizerStateError) {
        guard !state.isEmpty else { return reset() }
        let expected = (momentNames + [Self.stepName]).sorted()
        guard state.keys.sorted() == expected else {
            throw OptimizerStateError(
                description: "the state has \(state.keys.sorted().joined(separator: ", ")), "
                    + "but this optimizer needs \(expected.joined(separator: ", "))")
        }
        guard let steps = state[Self.stepName], steps.count == 1, steps[0].count == 1 else {
            throw OptimizerStateError(description: "the state's step is not one number")
        }
        for name in momentNames {
            let tensors = state[name]!
            guard tensors.count == parameters.count else {
                throw OptimizerStateError(
                    description: "the state has \(tensors.count) of \(name), "
                        + "but there are \(parameters.count) parameters")
            }
            for (index, (tensor, parameter)) in zip(tensors, parameters).enumerated() {
                guard tensor.shape == parameter.shape, tensor.dtype == parameter.dtype else {
                    throw OptimizerStateError(
                        description: "\(name) \(index) of the state is \(tensor.layout), "
                            + "but the parameter is \(parameter.layout)")
                }
            }
        }
        reset()
        prepare(for: parameters)
        for (name, tensors) in zip(momentNames, moments) {
            for (tensor, saved) in zip(tensors, state[name]!) { tensor.copy(from: saved) }
        }
        stepCount = Int(steps[0].item())
    }

    /// Goes back to the time before the first step.
    func reset() {
        moments = momentNames.map { _ in [] }
        stepCount = 0
        gradientBuffers = []
        trialBuffers = [Tensor?](repeating: nil, count: 1 + momentNames.count)
    }
}

// MARK: What the kernels and the optimizers ask of tensors

/// The count of a step as libtorch's fused kernels take it: a float32 tensor for each parameter.
func stepCounts(_ count: Double, for parameters: [Tensor]) -> [Tensor] {
    guard let first = parameters.first else { return [] }
    return Array(repeating: Tensor(count, device: first.device), count: parameters.count)
}

/// Traps if there is not one gradient for each parameter.
func checkCounts(_ parameters: [Tensor], _ gradients: [ParameterGradient]) {
    require(
        parameters.count == gradients.count, "\(gradients.count) gradients for \(parameters.count) parameters")
}

extension ParameterGradient {
    /// Traps if this is not a gradient of the parameter's shape; the fused kernels read as many elements as the
    /// parameter has, whatever there is.
    func checkFit(to parameter: Tensor) {
        switch self {
        case .tensor(let gradient):
            require(
                gradient.isLike(parameter), "the gradient is \(gradient.layout), the parameter \(parameter.layout)")
        case .product(let delta, let input):
            require(
                parameter.rank == 2 && delta.size(1) == parameter.size(0) && input.rows.size(1) == parameter.size(1),
                "the gradient is a product of \(delta.layout) and \(input.rows.layout), the parameter \(parameter.layout)"
            )
        }
    }

    /// The inner product with a tensor of the parameter's shape, rank 0; `<delta, A tensor^T>` if factored.
    func dot(_ tensor: Tensor) -> Tensor {
        switch self {
        case .tensor(let gradient): gradient.dot(tensor)
        case .product(let delta, let input): delta.dot(input.rows.matmul(tensor.transposed()))
        }
    }
}

extension Tensor {
    /// Whether shape, element type and device are those of another tensor; asked at every step, so without the arrays
    /// of `shape`.
    func isLike(_ other: Tensor) -> Bool {
        let rank = self.rank
        return rank == other.rank && (0..<rank).allSatisfy { size($0) == other.size($0) } && dtype == other.dtype
            && device == other.device
    }

    /// Shape, element type and device, for messages.
    var layout: String { "\(shape) \(dtype) on \(device)" }
}
