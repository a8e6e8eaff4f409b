import Testing

@testable import Torch

/// A seed gives the numbers that PyTorch draws with `torch.Generator().manual_seed(seed)`: the numbers here are those of
/// PyTorch 2.13.
@Suite struct GeneratorTests {
    let generator = Generator(seed: 42)

    @Test func uniformNumbersArePyTorchs() {
        let floats: [Double] = [
            0.8822692632675171, 0.9150039553642273, 0.38286375999450684, 0.9593056440353394, 0.3904482126235962,
        ]
        #expect(Tensor.uniform([5], using: generator).doubles() == floats)
        let doubles = [
            0.05815448596142969, 0.06291016742457756, 0.12358607277440903, 0.05258016436107704, 0.5261718968547618,
        ]
        #expect(Tensor.uniform([5], using: Generator(seed: 42), dtype: .float64).doubles() == doubles)
    }

    /// PyTorch draws fewer than 16 normal numbers one by one.
    @Test func fewNormalNumbersArePyTorchs() {
        let floats = [
            0.33669036626815796, 0.12880940735340118, 0.23446236550807953, 0.23033303022384644, -1.1228563785552979,
            -0.18632829189300537, 2.2082014083862305,
        ]
        #expect(difference(Tensor.normal([7], using: generator).doubles(), floats) < 1e-6)
        let doubles = [
            0.33669035438385886, 0.1288094051365897, 0.23446236336153173, 0.2303330279146119, -1.1228563767381703,
            -0.18632829929177447, 2.2082013355893912,
        ]
        let drawn = Tensor.normal([7], using: Generator(seed: 42), dtype: .float64)
        #expect(difference(drawn.doubles(), doubles) < 1e-14)
    }

    /// From 16 on it draws them in blocks, and the last 16 anew where the count is no multiple of 16.
    @Test func manyNormalNumbersArePyTorchs() {
        let floats = [
            1.9269152879714966, 1.4872840642929077, -0.4973975419998169, 0.439589262008667, -0.7581311464309692,
            1.078317642211914, 0.8008005619049072, 1.680620551109314, 0.3558599054813385, -0.6866229772567749,
            0.610466480255127, 1.334737777709961, -0.2316243201494217, 0.041759490966796875, -0.2515752911567688,
            0.859858512878418, -0.3097267746925354, -0.3957104980945587,
        ]
        #expect(difference(Tensor.normal([3, 6], using: generator).doubles(), floats) < 1e-6)
        let doubles = [
            0.2995562877502637, 0.24237779080894106, 1.2715909667771088, 0.618669993885617, -0.03720300727052493,
            1.0352472972512925, -0.010085521702337353, 0.08948016046560357, 0.038435238263354446,
            -0.11824373914203358, -0.5798414554742108, 0.875893884648022, 0.39238484373268534, 1.108461181451433,
            0.8651734647119074, 0.855215961472287, 0.2494118796915765, 0.2615836907112959,
        ]
        let drawn = Tensor.normal([18], using: Generator(seed: 42), dtype: .float64)
        #expect(difference(drawn.doubles(), doubles) < 1e-14)
    }

    @Test func integersArePyTorchs() {
        let small: [Int64] = [19, 16, 90, 29, 11, 2, 56, 75]
        #expect(Tensor.integers([8], in: -3..<100, using: generator).elements() == small)
        let large: [Int64] = [441_507_790_259, 395_924_837_646, 458_615_280_711]
        #expect(Tensor.integers([3], in: 0..<(1 << 40), using: Generator(seed: 42)).elements() == large)
    }

    @Test func permutationsArePyTorchs() {
        #expect(Tensor.permutation(10, using: generator).elements() == [2, 6, 1, 8, 4, 5, 0, 9, 3, 7] as [Int64])
    }

    @Test func mixedDrawsFollowOneSequence() {
        _ = Tensor.uniform([3], using: generator)
        #expect(Tensor.permutation(4, using: generator).elements() == [2, 1, 3, 0] as [Int64])
        let normal = [1.1561247110366821, 0.3964806795120239, -2.466057062149048]
        #expect(difference(Tensor.normal([3], using: generator).doubles(), normal) < 1e-6)
    }

    @Test func takesSeedsOf64Bits() {
        let seed: UInt64 = 1 << 63 + 5
        let generator = Generator(seed: seed)
        #expect(generator.seed == seed)
        let numbers = [0.8302518725395203, 0.12611091136932373]
        #expect(Tensor.uniform([2], using: generator).doubles() == numbers)
    }

    @Test func repeatsASeedAndNoOther() {
        func draw(_ seed: UInt64) -> [Double] { Tensor.uniform([20], using: Generator(seed: seed)).doubles() }
        #expect(draw(7) == draw(7))
        #expect(draw(7) != draw(8))
        let (first, second) = (Generator(seed: 7), Generator(seed: 7))
        _ = Tensor.uniform([20], using: first)
        #expect(Tensor.uniform([20], using: second).doubles() == draw(7), "generators do not disturb each other")
    }

    @Test func continuesFromAState() {
        _ = Tensor.normal([5], using: generator)
        let state = generator.state
        let expected = Tensor.normal([40], using: generator).doubles()
        #expect(Tensor.normal([40], using: generator).doubles() != expected)
        generator.state = state
        #expect(Tensor.normal([40], using: generator).doubles() == expected)
        let other = Generator(seed: 1)
        other.state = state
        #expect(Tensor.normal([40], using: other).doubles() == expected)
    }

    @Test("What is no state is refused, and the generator goes on", arguments: 0..<4)
    func noState(index: Int) throws {
        let state = generator.state
        var bytes = state.elements(as: UInt8.self)
        // The number of draws left in the block.
        for index in 8..<16 { bytes[index] = 255 }
        let wrong = [
            Tensor([UInt8](repeating: 0, count: 7)), state.to(dtype: .float32), Tensor([1, 2] as [Int64]),
            Tensor(bytes),
        ]
        let twin = Generator(seed: 42)
        let error = #expect(throws: TorchError.self) { try generator.restore(wrong[index]) }
        #expect(
            error?.description.contains("\(wrong[index].shape) of \(wrong[index].dtype) is no state") == true
                && error?.description.contains("\(state.shape) of uint8") == true)
        #expect(Tensor.uniform([5], using: generator).doubles() == Tensor.uniform([5], using: twin).doubles())
        try generator.restore(state)
        #expect(generator.state.elements(as: UInt8.self) == state.elements(as: UInt8.self))
    }

    @Test func staysWithinARange() {
        let numbers = Tensor.uniform([1000], in: -2..<3, using: generator, dtype: .float64).doubles()
        #expect(numbers.allSatisfy { (-2..<3).contains($0) })
        #expect(numbers.min()! < -1.9 && numbers.max()! > 2.9)
    }
}
