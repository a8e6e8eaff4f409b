import CTorch

/// A seeded source of random numbers on the CPU; the same seed gives the numbers of `torch.manual_seed` in PyTorch.
public final class Generator {
    let handle: ct_generator

    /// The seed it was made with.
    public let seed: UInt64

    /// A generator at the beginning of the sequence of a seed.
    public init(seed: UInt64) {
        guard let handle = ct_generator_new(seed) else { trap("Generator.init") }
        self.handle = handle
        self.seed = seed
    }

    deinit { ct_generator_free(handle) }

    /// Where in its sequence the generator is, as bytes that another generator can continue from.
    public var state: Tensor {
        get { Tensor(ct_generator_state(handle)) }
        set { check(ct_generator_set_state(handle, newValue.handle)) }
    }

    /// Goes on from a state that may not be one, such as that of a file; setting `state` traps there.
    ///
    /// - Throws: `TorchError` where the tensor is no state of a generator, which then stays where it is.
    public func restore(_ state: Tensor) throws(TorchError) {
        guard ct_generator_set_state(handle, state.handle) == 0 else {
            let own = self.state
            throw TorchError(
                description: "\(state.shape) of \(state.dtype) is no state of a generator, or a damaged one: take what "
                    + "Generator.state gave, \(own.shape) of \(own.dtype)")
        }
    }
}

extension Tensor {
    /// Uniform numbers in `[0, 1)`.
    public static func uniform(_ shape: [Int], using generator: Generator, dtype: DType = .float32) -> Tensor {
        withExtents(shape) { Tensor(ct_rand($0, $1, generator.handle, dtype.rawValue)) }
    }

    /// Uniform numbers in a range.
    public static func uniform(
        _ shape: [Int], in range: Range<Double>, using generator: Generator, dtype: DType = .float32
    ) -> Tensor {
        uniform(shape, using: generator, dtype: dtype) * (range.upperBound - range.lowerBound) + range.lowerBound
    }

    /// Numbers of the standard normal distribution.
    public static func normal(_ shape: [Int], using generator: Generator, dtype: DType = .float32) -> Tensor {
        withExtents(shape) { Tensor(ct_randn($0, $1, generator.handle, dtype.rawValue)) }
    }

    /// Uniform integers in a range, as `int64`.
    public static func integers(_ shape: [Int], in range: Range<Int>, using generator: Generator) -> Tensor {
        withExtents(shape) {
            Tensor(ct_randint(Int64(range.lowerBound), Int64(range.upperBound), $0, $1, generator.handle))
        }
    }

    /// A random order of `0..<count`, as `int64`, `[count]`.
    public static func permutation(_ count: Int, using generator: Generator) -> Tensor {
        Tensor(ct_randperm(Int64(count), generator.handle))
    }

    /// Ones with the given probability and zeros otherwise.
    public static func bernoulli(
        _ shape: [Int], probability: Double, using generator: Generator, dtype: DType = .float32
    ) -> Tensor {
        withExtents(shape) { Tensor(ct_bernoulli($0, $1, probability, generator.handle, dtype.rawValue)) }
    }
}
