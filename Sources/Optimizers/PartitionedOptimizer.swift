import NeuralNetworks
import Torch

/// An optimizer made of optimizers, each of which moves a part of the parameters.
///
/// A parameter belongs to the first part that takes it; one that no part takes traps. What takes a parameter sees the tensor
/// and nothing else, and has to say the same at each step: an embedding or the head of a classifier, which are matrices too,
/// are told by `Tensor.isIdentical(to:)`.
///
/// ```swift
/// let optimizer = PartitionedOptimizer([
///     .init(AdamW(learningRate: 3e-4)) { $0.rank != 2 || $0.isIdentical(to: embedding) },
///     .init(Muon(learningRate: 0.02)) { _ in true },
/// ])
/// ```
public final class PartitionedOptimizer: Optimizer {
    /// An optimizer and the parameters that it is for.
    public struct Part {
        /// What moves them.
        public let optimizer: any Optimizer
        /// Whether a parameter is one of them.
        public let takes: (Tensor) -> Bool

        /// An optimizer for some parameters.
        public init(_ optimizer: any Optimizer, takes: @escaping (Tensor) -> Bool) {
            self.optimizer = optimizer
            self.takes = takes
        }
    }

    /// The parts, the first of which that takes a parameter moves it.
    public let parts: [Part]
    /// The parts' learning rates over that of the first one.
    private let proportions: [Double]

    /// An optimizer made of others; traps if there is none, or the learning rate of the first one is not above zero.
    public init(_ parts: [Part]) {
        let rates = parts.map(\.optimizer.learningRate)
        require(
            rates.first.map { $0 > 0 } == true,
            "parts with the learning rates \(rates); there has to be a part, and the first one's rate has to be above zero, for "
                + "the others keep their proportion to it")
        self.parts = parts
        proportions = rates.map { $0 / rates[0] }
    }

    /// One optimizer for the matrices, which are the tensors of rank 2, embeddings among them, and another one for all other
    /// parameters.
    public convenience init(matrices: any Optimizer, others: any Optimizer) {
        self.init([Part(matrices) { $0.rank == 2 }, Part(others) { _ in true }])
    }

    /// The learning rate of the first part. Setting it sets those of all parts, in the proportions that they had when the
    /// optimizer was made, so that one schedule drives all of them.
    public var learningRate: Double {
        get { parts[0].optimizer.learningRate }
        set {
            for (part, proportion) in zip(parts, proportions) { part.optimizer.learningRate = proportion * newValue }
        }
    }

    /// Whether a part does.
    public var readsParameters: Bool { parts.contains(where: \.optimizer.readsParameters) }

    /// Whether a part does, or the parts have different learning rates.
    public var scalesElements: Bool {
        parts.contains { $0.optimizer.scalesElements || $0.optimizer.learningRate != learningRate }
    }

    /// Takes a step of each part with the parameters that are its own.
    public func update(_ parameters: [Tensor], with gradients: [ParameterGradient]) {
        checkLists(parameters, gradients)
        for (optimizer, indices) in partition(parameters) where !indices.isEmpty {
            optimizer.update(indices.map { parameters[$0] }, with: indices.map { gradients[$0] })
        }
    }

    /// `w' - w` of the steps of all parts.
    public func displacement(of parameters: [Tensor], with gradients: [ParameterGradient]) -> [ParameterGradient] {
        checkLists(parameters, gradients)
        return Self.inOrder(
            partition(parameters).map { optimizer, indices in
                (
                    indices,
                    optimizer.displacement(of: indices.map { parameters[$0] }, with: indices.map { gradients[$0] })
                )
            })
    }

    /// `w + k (w' - w)` of the steps of all parts.
    public func displaced(
        _ parameters: [Tensor], with gradients: [ParameterGradient], by multiple: Double
    ) -> [Tensor] {
        checkLists(parameters, gradients)
        return Self.inOrder(
            partition(parameters).map { optimizer, indices in
                (
                    indices,
                    optimizer.displaced(
                        indices.map { parameters[$0] }, with: indices.map { gradients[$0] }, by: multiple)
                )
            })
    }

    /// The sum of what the parts predict.
    public func predictedDecrease(
        of parameters: [Tensor], with gradients: [ParameterGradient], squaredNorm: Double?
    ) -> Double {
        checkLists(parameters, gradients)
        var decrease = 0.0
        for (optimizer, indices) in partition(parameters) where !indices.isEmpty {
            decrease += optimizer.predictedDecrease(
                of: indices.map { parameters[$0] }, with: indices.map { gradients[$0] },
                squaredNorm: indices.count == parameters.count ? squaredNorm : nil)
        }
        return decrease
    }

    /// `A v` of each vector by the part that its parameter belongs to, times that part's learning rate over the first one's: the step is the
    /// learning rate times A. Nil if a part's step has no diagonal, also where none of the parameters is its own.
    public func preconditioned(
        _ vectors: [ParameterGradient], at gradients: [ParameterGradient], of parameters: [Tensor]
    ) -> [ParameterGradient]? {
        checkLists(parameters, gradients)
        checkLists(parameters, vectors)
        var scaled: [(indices: [Int], values: [ParameterGradient])] = []
        let rate = learningRate
        for ((optimizer, indices), usual) in zip(partition(parameters), proportions) {
            let proportion = rate > 0 ? optimizer.learningRate / rate : usual
            let product = optimizer.preconditioned(
                indices.map { vectors[$0] }, at: indices.map { gradients[$0] }, of: indices.map { parameters[$0] })
            guard let product else { return nil }
            // Who asks may look whether they are the vectors themselves.
            scaled.append((indices, proportion == 1 ? product : product.map { $0.scaled(by: proportion) }))
        }
        return Self.inOrder(scaled)
    }

    /// A copy of what the parts remember of their parameters.
    public func state(of parameters: [Tensor]) -> OptimizerState {
        OptimizerState(
            Self.inOrder(
                partition(parameters).map { optimizer, indices in
                    (indices, optimizer.state(of: indices.map { parameters[$0] }).entries)
                }))
    }

    /// Goes back to a state that `state(of:)` gave, for these parameters.
    public func restore(_ state: OptimizerState, for parameters: [Tensor]) throws(OptimizerStateError) {
        try state.checkCount(parameters)
        let before = self.state(of: parameters)
        do throws(OptimizerStateError) {
            try restoreParts(state, for: parameters)
        } catch {
            // What the parts before the one that refuses have taken over goes back.
            try restoreParts(before, for: parameters)
            throw error
        }
    }

    /// Forgets all steps of all parts.
    public func reset() {
        for part in parts { part.optimizer.reset() }
    }

    /// Each part's optimizer with the indices of the parameters that are its own.
    private func partition(_ parameters: [Tensor]) -> [(optimizer: any Optimizer, indices: [Int])] {
        var indices = Array(repeating: [Int](), count: parts.count)
        for (index, parameter) in parameters.enumerated() {
            guard let part = parts.firstIndex(where: { $0.takes(parameter) }) else {
                fatalError(
                    "none of the \(parts.count) parts takes parameter \(index) of shape \(parameter.shape); add a part that does"
                )
            }
            indices[part].append(index)
        }
        return zip(parts, indices).map { ($0.optimizer, $1) }
    }

    /// What the parts say of their parameters, in the order of the parameters.
    private static func inOrder<Value>(_ parts: [(indices: [Int], values: [Value])]) -> [Value] {
        parts.flatMap { zip($0.indices, $0.values) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func restoreParts(_ state: OptimizerState, for parameters: [Tensor]) throws(OptimizerStateError) {
        for (optimizer, indices) in partition(parameters) {
            // Each part is given all parameters, those of other parts before their first step, so that a refusal counts them
            // as the caller does.
            var entries = Array(repeating: OptimizerState.Entry(), count: parameters.count)
            for index in indices { entries[index] = state.entries[index] }
            try optimizer.restore(OptimizerState(entries), for: parameters)
        }
    }
}
