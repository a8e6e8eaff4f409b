import NeuralNetworks
import Optimizers
import Testing
import Torch

@Suite struct MuonTests {
    /// The settings of make-optimizers.py.
    enum Setting: String, CaseIterable, Sendable {
        case standard = "default"
        case momentum
        case notNesterov = "not-nesterov"
        case matchRMSAdamW = "match-rms-adamw"

        func make() -> Muon {
            switch self {
            case .standard: Muon(learningRate: 0.05)
            case .momentum: Muon(learningRate: 0.05, momentum: 0.6, weightDecay: 0.5, iterations: 3)
            case .notNesterov: Muon(learningRate: 0.05, nesterov: false)
            case .matchRMSAdamW: Muon(learningRate: 0.05, adjustment: .matchRMSAdamW)
            }
        }
    }

    @Test(
        "Tall, wide and square matrices go where PyTorch's go", arguments: Setting.allCases, [DType.float64, .float32])
    func trajectories(setting: Setting, dtype: DType) throws {
        // Where sums of products are rounded once, as on the processor that wrote the fixture, there is nothing to differ but
        // the rounding of the parameters. Where a product is rounded before it is added to another term, emulation puts the
        // ten steps of these matrices up to 0.9 % apart.
        let exact = dtype == .float64 ? 1e-12 : 1e-6
        try expectPyTorchs(
            setting.rawValue, in: "muon", dtype, tolerance: Self.sumsAreRoundedOnce ? exact : 1.5e-2, by: setting.make()
        )
    }

    /// Whether libtorch rounds `b C + c A B` in bfloat16 once, on this processor.
    private static var sumsAreRoundedOnce: Bool {
        let generator = Generator(seed: 0)
        let tensors = [[5, 8], [8, 7], [5, 7]].map {
            Tensor.normal($0, using: generator, dtype: .float64).to(dtype: .bfloat16)
        }
        let rounded = tensors[2].addingMatmul(tensors[0], tensors[1], scale: 2.0315, keep: -4.775)
        let wide = tensors.map { $0.to(dtype: .float64) }
        let expected = wide[2].addingMatmul(wide[0], wide[1], scale: 2.0315, keep: -4.775)
        return rounded.doubles() == expected.to(dtype: .bfloat16).doubles()
    }

    @Test(
        "A step is the polynomial of the gradient's singular values",
        arguments: [[40, 12], [12, 40], [20, 20], [1, 9]])
    func singularValues(shape: [Int]) throws {
        let generator = Generator(seed: 1)
        let (w, g) = (Tensor.zeros(shape, dtype: .float64), Tensor.normal(shape, using: generator, dtype: .float64))
        Muon(learningRate: 1, momentum: 0, nesterov: false).update([w], with: [.tensor(g)])

        let (u, s, v) = try g.singularValueDecomposition()
        let norm = g.squaredNorm().squareRoot().item()
        let values = s.doubles().map { value in
            (0..<5).reduce(value / norm) { s, _ in 3.4445 * s - 4.775 * s * s * s + 2.0315 * s * s * s * s * s }
        }
        #expect(values.allSatisfy { (0.6...1.3).contains($0) }, "the iteration has arrived: \(values)")
        let adjusted = -max(1, Double(shape[0]) / Double(shape[1])).squareRoot()
        let expected = (u * Tensor(values)).matmul(v) * adjusted
        // A rounding to bfloat16 changes a number by up to 0.4 %, and there are three at each of the five iterations.
        #expect((w - expected).squaredNorm().item() <= 9e-4 * expected.squaredNorm().item())
    }

    @Test("A matrix of zeros stays where its decay leaves it")
    func noGradient() {
        let w = Tensor.ones([3, 4], dtype: .float64)
        Muon(learningRate: 0.5, weightDecay: 0.2).update([w], with: [.tensor(.zeros([3, 4], dtype: .float64))])
        #expect(w.doubles().allSatisfy { $0 == 0.9 })
    }

    @Test("The predicted decrease is the step's part and the decay's")
    func predictedDecrease() {
        let generator = Generator(seed: 2)
        let w = Tensor.normal([6, 4], using: generator, dtype: .float64)
        let g = Tensor.normal([6, 4], using: generator, dtype: .float64)
        let step = Muon(learningRate: 0.1, weightDecay: 0).displacement(of: [w], with: [.tensor(g)])[0].formed()
        let expected = -(g * step).sum().item() + 0.1 * 0.3 * (g * w).sum().item()
        let predicted = Muon(learningRate: 0.1, weightDecay: 0.3).predictedDecrease(of: [w], with: [.tensor(g)])
        #expect(abs(predicted - expected) <= 1e-12 * abs(expected))
    }

    @Test("There is no diagonal, whatever is asked for")
    func preconditioned() {
        let generator = Generator(seed: 3)
        let muon = Muon()
        #expect(muon.preconditioned([], of: []) == nil)
        #expect(muon.preconditioned([gradients(generator)[0]], of: [parameters(generator)[0]]) == nil)
    }

    @Test("A parameter that is no matrix traps")
    func vectors() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Muon().update([.zeros([2, 3]), .zeros([7])], with: [.tensor(.ones([2, 3])), .tensor(.ones([7]))])
        }
        let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(message.contains("a parameter has shape [7]; leave it to another optimizer by a PartitionedOptimizer"))
    }
}
