import Testing
import Torch

@testable import NeuralNetworks

@Suite struct LossCheckTests {
    @Test("Outputs and targets of two shapes trap with both")
    func broadcasting() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = MeanSquaredError()(.zeros([4, 1]), .zeros([4]))
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("[4, 1]") && message.contains("[4]"), "\(message)")
        await #expect(processExitsWith: .failure) {
            _ = MeanSquaredError().linearize(.zeros([4, 1]), .zeros([4]))
        }
        await #expect(processExitsWith: .failure) {
            _ = MeanSquaredError().curvature(.zeros([4, 1]), .zeros([4]), along: .zeros([4, 1]))
        }
    }

    @Test("The curvature leaves out what the loss ignores", arguments: [[6, 4], [2, 3, 4]])
    func ignoredLabels(shape: [Int]) {
        let generator = Generator(seed: 9)
        let outputs = Tensor.normal(shape, using: generator, dtype: .float64) * 3
        let targets = Tensor([1, -100, 3, 0, -100, 2] as [Int64], shape: Array(shape.dropLast()))
        let tangent = Tensor.normal(shape, using: generator, dtype: .float64)
        let leaf = outputs.clone()
        let expected = withGradients(of: [leaf]) {
            let slope = Torch.gradient(of: CrossEntropy()(leaf, targets), with: [leaf], createGraph: true)[0]
            return Torch.gradient(of: slope.dot(tangent), with: [leaf])[0]
        }
        let curvature = CrossEntropy().curvature(outputs, targets, along: tangent)
        #expect(relativeDifference(curvature, expected) < 1e-13)
    }

    @Test("All targets are checked by the outputs of some samples", arguments: [1, 3, 4, 10])
    func allTargets(count: Int) throws {
        let outputs = Tensor.zeros([count, 2, 4])
        var labels = (0..<20).map { Int64($0 % 4) }
        try CrossEntropy().check(allTargets: Tensor(labels, shape: [10, 2]), by: outputs, of: count)
        labels[19] = 7
        labels[17] = 5
        let error = #expect(throws: LossError.self) {
            try CrossEntropy().check(allTargets: Tensor(labels, shape: [10, 2]), by: outputs, of: count)
        }
        #expect(error == .label(5, position: 17, classes: 4, ignored: -100))
    }

    @Test("Targets that do not fit are refused with what to do")
    func refusals() throws {
        let loss = CrossEntropy()
        try loss.check(outputs: .zeros([3, 4]), targets: Tensor([0, 3, -100] as [Int64]))
        try loss.check(outputs: .zeros([1, 3, 4]), targets: Tensor([0, 3, 1] as [Int64], shape: [1, 3]))
        func refusal(_ check: () throws -> Void) -> LossError? {
            do { try check() } catch { return error as? LossError }
            return nil
        }
        let label = refusal { try loss.check(outputs: .zeros([3, 4]), targets: Tensor([0, 4, 1] as [Int64])) }
        #expect(label == .label(4, position: 1, classes: 4, ignored: -100))
        #expect(label?.description.contains("label 4 at position 1 is none of the model's 4 classes") == true)
        #expect(refusal { try loss.check(outputs: .zeros([1, 4]), targets: Tensor([-1] as [Int64])) } != nil)
        let type = refusal { try loss.check(outputs: .zeros([2, 4]), targets: .zeros([2])) }
        #expect(type == .elementType(.float32, expected: .int64))
        #expect(type?.description.contains("to(dtype: .int64)") == true)
        let shape = refusal { try loss.check(outputs: .zeros([2, 4]), targets: Tensor([0] as [Int64])) }
        #expect(shape?.description.contains("targets of shape [1] do not fit outputs of shape [2, 4]") == true)

        try MeanSquaredError().check(outputs: .zeros([2, 4]), targets: .zeros([2, 4]))
        let squared = refusal { try MeanSquaredError().check(outputs: .zeros([4, 1]), targets: .zeros([4])) }
        #expect(squared?.description.contains("targets of shape [4] do not fit outputs of shape [4, 1]") == true)
        let double = refusal {
            try MeanSquaredError().check(outputs: .zeros([2]), targets: .zeros([2], dtype: .float64))
        }
        #expect(double == .elementType(.float64, expected: .float32))
    }
}
