import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct InputNullSpaceTests {
    @Test(
        "The projection takes away what the rows see, and no more",
        arguments: [(5, 20), (40, 20), (20, 20), (600, 530)],
        [true, false])
    func projection(size: (m: Int, d: Int), hasBias: Bool) throws {
        let generator = Generator(seed: 1)
        // Rank 5 at most, so that every shape has a null space.
        let rows = Tensor.normal([size.m, 5], using: generator, dtype: .float64)
            .matmul(.normal([5, size.d], using: generator, dtype: .float64))
        let space = try InputNullSpace(of: rows, hasBias: hasBias)
        let x = Tensor.normal([3, size.d], using: generator, dtype: .float64)
        let bias = hasBias ? Tensor.normal([3, 1], using: generator, dtype: .float64) : nil
        let projected = try #require(space.project(x, bias))

        // What is left is orthogonal to all rows: the map's outputs do not change.
        var seen = projected.weight.matmul(rows.transposed())
        if let bias = projected.bias { seen = seen + bias }
        #expect(seen.doubles().allSatisfy { abs($0) < 1e-10 })

        // Projecting twice is projecting once, and what was taken away is orthogonal to what is left.
        let again = try #require(space.project(projected.weight, projected.bias))
        #expect(relativeDifference(again.weight, projected.weight) < 1e-12)
        var inner = ((x - projected.weight) * projected.weight).sum().item()
        if let bias, let left = projected.bias { inner += ((bias - left) * left).sum().item() }
        #expect(abs(inner) < 1e-10)

        #expect(space.dimension == size.d + (hasBias ? 1 : 0))
        #expect(space.freeDimensions == space.dimension - min(size.m, 5 + (hasBias ? 1 : 0)))
    }

    @Test(
        "Rows that depend on each other take no more than their rank, and the outputs are held to rounding",
        arguments: [(8, 16), (32, 1024), (256, 16), (1024, 1024), (1100, 300)], [DType.float32, .float64])
    func dependentRows(size: (m: Int, d: Int), dtype: DType) throws {
        let generator = Generator(seed: 7)
        // What a layer makes of inputs that are equal, or equal in pairs.
        let layer = Dense(20, size.d, using: generator, dtype: dtype)
        for distinct in [1, size.m / 8] {
            let inputs = Tensor.normal([distinct, 20], using: generator, dtype: dtype)
            let rows = layer(inputs.gathered(0, Tensor((0..<size.m).map { Int64($0 % distinct) }))).tanh()
            let spectrum = InputCovariance(columns: size.d, hasBias: true, dtype: dtype, device: .cpu)
            spectrum.add(rows)
            let space = try spectrum.nullSpace()
            #expect(space.freeDimensions == size.d + 1 - min(distinct, size.d + 1), "\(distinct) distinct rows")
            guard let moved = space.project(.normal([3, size.d], using: generator, dtype: dtype), nil) else { continue }
            var seen = moved.weight.matmul(rows.transposed())
            if let bias = moved.bias { seen = seen + bias }
            let drift = seen.squaredNorm().item().squareRoot()
            #expect(drift < 30 * dtype.epsilon * (Double(size.m * size.d) * 3).squareRoot(), "\(drift)")
        }
    }

    @Test("The smaller basis and the larger one project alike")
    func bothBases() throws {
        let generator = Generator(seed: 2)
        let x = Tensor.normal([3, 30], using: generator, dtype: .float64)
        for rank in [4, 26] {
            let rows = Tensor.normal([60, rank], using: generator, dtype: .float64)
                .matmul(.normal([rank, 30], using: generator, dtype: .float64))
            let projected = try #require(InputNullSpace(of: rows, hasBias: false, tau: 1 - 1e-13).project(x))
            let (_, s, v) = try rows.singularValueDecomposition()
            let count = s.doubles().prefix { $0 > 1e-9 }.count
            #expect(count == rank)
            let b = v.narrowed(0, to: 0..<count).transposed()
            #expect(relativeDifference(projected.weight, x - x.matmul(b).matmul(b.transposed())) < 1e-9)
        }
    }

    @Test("A space without freedom projects to nothing, and rounding is no direction")
    func nothingFree() throws {
        let generator = Generator(seed: 3)
        let full = Tensor.normal([40, 10], using: generator)
        #expect(try InputNullSpace(of: full, hasBias: true).freeDimensions == 0)
        #expect(try InputNullSpace(of: full, hasBias: true).project(.normal([2, 10], using: generator)) == nil)

        let few = Tensor.normal([4, 10], using: generator)
        let inRowSpace = Tensor.normal([2, 4], using: generator).matmul(few)
        #expect(try InputNullSpace(of: few, hasBias: false).project(inRowSpace) == nil)
    }

    @Test("A direction is free exactly where the energy that tau leaves out reaches it", arguments: [true, false])
    func smallestDirection(ofSingle: Bool) throws {
        let dtype: DType = ofSingle ? .float32 : .float64
        // Orthogonal rows: the energies are the squares of these, 1e-6 of the whole the least.
        let lengths = Tensor([1, 1, 1, 1, 2e-3] as [Double])
        let rows = Tensor.concatenated(
            [.identity(5, dtype: .float64) * lengths, .zeros([3, 5], dtype: .float64)], along: 0)
        let share = 4e-6 / (4 + 4e-6)
        for (tau, free) in [(1, 0), (1 - 0.5 * share, 0), (1 - 0.99 * share, 0), (1 - 1.01 * share, 1), (0.7, 2)] {
            let space = try InputNullSpace(of: rows.to(dtype: dtype), hasBias: false, tau: tau)
            #expect(space.freeDimensions == free, "tau \(tau)")
        }
    }

    @Test("Few patches and many have the null space of their rows", arguments: [1, 2, 5], [true, false])
    func patches(images: Int, hasBias: Bool) throws {
        let generator = Generator(seed: 6)
        let layer = Convolution(
            3, 4, kernel: 3, geometry: ConvolutionGeometry(stride: 2, padding: 1), bias: hasBias, using: generator,
            dtype: .float64)
        let x = Tensor.normal([images, 3, 5, 5], using: generator, dtype: .float64)
        let map = try #require(layer.linearize(x).linearization.sites.first)
        let space = try InputNullSpace.of(
            MovableWeight(weight: map.weight, bias: map.bias, sites: [map]), tau: 1, over: nil)
        #expect(space.freeDimensions == max(27 + (hasBias ? 1 : 0) - 9 * images, 0))
        guard space.freeDimensions > 0 else { return }
        let direction = Tensor.normal([4, 27], using: generator, dtype: .float64)
        let bias = hasBias ? Tensor.normal([4, 1], using: generator, dtype: .float64) : nil
        let projected = try #require(space.project(direction, bias))
        let before = layer(x)
        map.matrix.addInPlace(projected.weight)
        if let bias = projected.bias { map.bias?.addInPlace(bias.flattened()) }
        #expect(relativeDifference(layer(x), before) < 1e-13)
    }

    @Test("Rows that are not finite throw")
    func notFinite() {
        let rows = Tensor.full([40, 10], .nan)
        #expect(throws: TorchError.self) { try InputNullSpace(of: rows, hasBias: true) }
    }

    @Test("The smallest rank that holds the share tau of the energy: NS25 eq. 3")
    func ranks() {
        let energies = [6.0, 3, 1, 0]
        #expect(significantRank(energies, tau: 1, resolution: 1e-7) == 3)
        #expect(significantRank(energies, tau: 0.9, resolution: 1e-7) == 2)
        #expect(significantRank(energies, tau: 0.91, resolution: 1e-7) == 3)
        #expect(significantRank(energies, tau: 0.6, resolution: 1e-7) == 1)
        #expect(significantRank(energies, tau: 0.1, resolution: 1e-7) == 1)
        // Below the resolution of the numbers nothing is known, whatever tau says.
        #expect(significantRank([1, 1e-8], tau: 1, resolution: 1e-7) == 1)
        #expect(significantRank([1, 1e-6], tau: 1, resolution: 1e-7) == 2)
        #expect(significantRank([1, -1e-18], tau: 1, resolution: 1e-16) == 1)
        #expect(significantRank([0, 0], tau: 1, resolution: 1e-16) == 0)
    }

    @Test("A covariance in parts is the covariance of all, whatever the parts")
    func covarianceInParts() throws {
        let generator = Generator(seed: 4)
        let rows = Tensor.normal([5000, 3], using: generator).matmul(.normal([3, 12], using: generator))
        let x = Tensor.normal([2, 12], using: generator)
        let projections = try [[5000], [1, 4999], [2500, 2500]].map { sizes in
            let covariance = InputCovariance(columns: 12, hasBias: true, dtype: .float32, device: .cpu)
            var start = 0
            for size in sizes {
                covariance.add(rows.narrowed(0, to: start..<start + size))
                start += size
            }
            let space = try covariance.nullSpace()
            #expect(space.freeDimensions == 13 - 4)
            return try #require(space.project(x)).weight
        }
        #expect(relativeDifference(projections[1], projections[0]) < 1e-5)
        #expect(relativeDifference(projections[2], projections[0]) < 1e-5)
    }
}

@Suite struct StepSizeAndCapTests {
    @Test("Eta of each step size, shortened where the cap is near")
    func eta() {
        #expect(StepSize.fixed(0.2).eta(value: 1, slope: 4, limit: .infinity) == 0.2)
        #expect(StepSize.growth(0.5).eta(value: 1, slope: 4, limit: .infinity) == 0.5 * 2 / 8)
        #expect(StepSize.fixed(0.2).eta(value: 1, slope: 4, limit: 1.1).isApproximately(0.1 * 2 / 8))
        #expect(StepSize.growth(0.5).eta(value: 1, slope: 4, limit: 1.1).isApproximately(0.1 * 2 / 8))
    }

    @Test("The growth that each cap leaves")
    func limit() {
        /// A place where `||g||^2 = 2`.
        final class Fixed: Place {
            let loss = 3.0
            let gradients: [ParameterGradient]
            init(gradients: [ParameterGradient]) { self.gradients = gradients }
            func direction(of gradient: ObjectiveGradient) -> (any Direction)? { nil }
        }
        let model = Dense(weight: Tensor([1, 1] as [Double], shape: [1, 2]), bias: nil)
        let batch = Batch(inputs: .zeros([1, 2], dtype: .float64), targets: .zeros([1, 1], dtype: .float64))
        let landscape = BatchLoss(model, MeanSquaredError(), on: batch)
        func limit(_ cap: Cap) -> Double {
            let gradient = [ParameterGradient.tensor(Tensor([1, 1] as [Double], shape: [1, 2]))]
            let point = Point(Fixed(gradients: gradient), in: landscape, before: SGD(learningRate: 0.03))
            return cap.limit(at: point, start: 0.5, loss: 3)
        }
        #expect(limit(.none) == .infinity)
        #expect(limit(.fixed(5)) == 2.5)
        #expect(limit(.relative(10)) == 2.5)
        #expect(limit(.predicted(0.1)).isApproximately(5))
    }
}

extension Double {
    func isApproximately(_ other: Double) -> Bool { abs(self - other) <= 1e-12 * abs(other) }
}
