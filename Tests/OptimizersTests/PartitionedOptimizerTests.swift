import NeuralNetworks
import Optimizers
import Testing
import Torch

@Suite struct PartitionedOptimizerTests {
    /// Two matrices with vectors before, between and after them.
    private static func parameters(_ generator: Generator) -> [Tensor] {
        [[4], [3, 5], [2], [5, 3], [6]].map { .normal($0, using: generator, dtype: .float64) }
    }

    private static func gradients(_ generator: Generator) -> [ParameterGradient] {
        parameters(generator).map { .tensor($0) }
    }

    private static func isMatrix(_ tensor: Tensor) -> Bool { tensor.rank == 2 }

    /// A partition, and an optimizer for the matrices and one for the vectors that are to do the same.
    private let partitioned = PartitionedOptimizer(
        matrices: Momentum(learningRate: 0.1), others: Adam(learningRate: 0.3))
    private let momentum = Momentum(learningRate: 0.1)
    private let adam = Adam(learningRate: 0.3)

    /// The matrices of a list, or what is not one of them.
    private func part<Value>(_ list: [Value], isMatrix: Bool) -> [Value] {
        (isMatrix ? [1, 3] : [0, 2, 4]).map { list[$0] }
    }

    @Test("Each part is what its optimizer does alone, to the last bit, in the order of the parameters")
    func parts() {
        let generator = Generator(seed: 1)
        let w = Self.parameters(generator)
        let alone = w.map { $0.clone() }
        func isAlone(_ list: [Tensor], _ matrices: [Tensor], _ others: [Tensor]) -> Bool {
            part(list, isMatrix: true).map { $0.doubles() } == matrices.map { $0.doubles() }
                && part(list, isMatrix: false).map { $0.doubles() } == others.map { $0.doubles() }
        }
        let (matrices, others) = (part(alone, isMatrix: true), part(alone, isMatrix: false))
        for _ in 0..<3 {
            let g = Self.gradients(generator)
            let (ofMatrices, ofOthers) = (part(g, isMatrix: true), part(g, isMatrix: false))
            #expect(
                isAlone(
                    partitioned.displacement(of: w, with: g).map { $0.formed() },
                    momentum.displacement(of: matrices, with: ofMatrices).map { $0.formed() },
                    adam.displacement(of: others, with: ofOthers).map { $0.formed() }))
            #expect(
                isAlone(
                    partitioned.preconditioned(g, of: w)!.map { $0.formed() },
                    momentum.preconditioned(ofMatrices, of: matrices)!.map { $0.formed() },
                    // Beside the rate of momentum.
                    adam.preconditioned(ofOthers, of: others)!.map { $0.formed() * (0.3 / 0.1) }))
            let decrease =
                momentum.predictedDecrease(of: matrices, with: ofMatrices)
                + adam.predictedDecrease(of: others, with: ofOthers)
            #expect(partitioned.predictedDecrease(of: w, with: g, squaredNorm: g.squaredNorm()) == decrease)
            partitioned.update(w, with: g)
            momentum.update(matrices, with: ofMatrices)
            adam.update(others, with: ofOthers)
            #expect(isAlone(w, matrices, others))
        }
        let state = partitioned.state(of: w)
        #expect(state.entries.map { $0.tensors.count } == [2, 1, 2, 1, 2])
        #expect(part(state.numbers, isMatrix: true) == momentum.state(of: matrices).numbers)
        #expect(part(state.numbers, isMatrix: false) == adam.state(of: others).numbers)
        partitioned.reset()
        #expect(partitioned.state(of: w).isEmpty)
    }

    @Test("The squared norm of all gradients is that of a part only where all are its own")
    func squaredNorm() {
        let (w, g) = (Tensor.ones([2, 3], dtype: .float64), Tensor.ones([2, 3], dtype: .float64))
        let optimizer = PartitionedOptimizer(matrices: SGD(learningRate: 0.1), others: SGD(learningRate: 0.1))
        // The number stands in for a norm that is known.
        #expect(optimizer.predictedDecrease(of: [w], with: [.tensor(g)], squaredNorm: 7) == 0.1 * 7)
    }

    @Test("A parameter belongs to the first part that takes it")
    func order() {
        let w = Self.parameters(Generator(seed: 2))
        let before = w.map { $0.clone() }
        let head = w[3]
        let optimizer = PartitionedOptimizer([
            .init(SGD(learningRate: 1)) { $0.isIdentical(to: head) },
            .init(SGD(learningRate: 2), takes: Self.isMatrix),
            .init(SGD(learningRate: 4)) { _ in true },
        ])
        optimizer.update(w, with: w.map { .tensor(.ones($0.shape, dtype: .float64)) })
        let steps = zip(before, w).map { ($0 - $1).doubles()[0] }
        #expect(relativeDifference(Tensor(steps), [4, 2, 4, 1, 4]) <= 1e-15)
    }

    @Test("One learning rate drives all parts, in their proportions")
    func learningRate() {
        let parts = partitioned.parts.map(\.optimizer)
        #expect(partitioned.learningRate == 0.1)
        partitioned.learningRate = 0.01
        #expect(partitioned.learningRate == 0.01)
        #expect(abs(parts[1].learningRate - 0.03) < 1e-16)
        // Proportions outlive a rate of zero, with which schedules begin or end.
        partitioned.learningRate = 0
        #expect(parts.allSatisfy { $0.learningRate == 0 })
        partitioned.learningRate = 0.1
        #expect(parts.map(\.learningRate) == [0.1, 0.1 * (0.3 / 0.1)])
    }

    @Test("There is a diagonal where each part has one")
    func preconditioned() {
        let generator = Generator(seed: 3)
        let (w, g) = (Self.parameters(generator), Self.gradients(generator))
        let optimizer = PartitionedOptimizer(matrices: Muon(), others: Adam())
        #expect(optimizer.preconditioned(g, of: w) == nil)
        #expect(optimizer.preconditioned([], of: []) == nil)
        #expect(optimizer.preconditioned([g[0]], of: [w[0]]) == nil, "what may follow has none")
        #expect(partitioned.preconditioned([], of: [])?.isEmpty == true)
    }

    @Test("A state that a part refuses changes none of them, and is told by the position in the whole list")
    func refusal() throws {
        let generator = Generator(seed: 4)
        let w = Self.parameters(generator)
        partitioned.update(w, with: Self.gradients(generator))
        let before = partitioned.state(of: w)
        var entries = before.entries
        for index in [1, 3] { entries[index] = OptimizerState.Entry(stepCount: 9, tensors: entries[index].tensors) }
        entries[4] = entries[2]
        let error = #expect(throws: OptimizerStateError.self) {
            try partitioned.restore(OptimizerState(entries), for: w)
        }
        #expect(error?.description.contains("of parameter 4 of the state is [2] float64") == true)
        #expect(partitioned.state(of: w).numbers == before.numbers)
        #expect(throws: OptimizerStateError.self) {
            try partitioned.restore(OptimizerState(Array(entries.dropLast())), for: w)
        }
        // Without what does not fit it is taken over.
        entries[4] = OptimizerState.Entry()
        try partitioned.restore(OptimizerState(entries), for: w)
        #expect(partitioned.state(of: w).entries.map(\.stepCount) == [1, 9, 1, 9, 0])
    }

    @Test("What nothing takes traps, and so do parts without proportions")
    func mistakes() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let optimizer = PartitionedOptimizer([.init(SGD()) { $0.rank == 2 }])
            optimizer.update([.zeros([2, 3]), .zeros([7])], with: [.tensor(.ones([2, 3])), .tensor(.ones([7]))])
        }
        let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(message.contains("none of the 1 parts takes parameter 1 of shape [7]"))
        await #expect(processExitsWith: .failure) { _ = PartitionedOptimizer([]) }
        await #expect(processExitsWith: .failure) {
            _ = PartitionedOptimizer(matrices: SGD(learningRate: 0), others: SGD())
        }
        await #expect(processExitsWith: .failure) {
            let w = Tensor.zeros([2])
            PartitionedOptimizer(matrices: SGD(), others: SGD())
                .update([w, w], with: [.tensor(.ones([2])), .tensor(.ones([2]))])
        }
    }
}
