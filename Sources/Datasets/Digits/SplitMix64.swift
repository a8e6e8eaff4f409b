/// The SplitMix64 generator of random numbers (Steele, Lea and Flood, 2014).
///
/// The methods use integer arithmetic and exactly rounded operations alone, and nothing of the standard library whose
/// algorithm may change, so a seed gives the same numbers on each machine, now and later.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The next 64 random bits.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    /// A whole number in `0..<bound`, as uniform as 64 bits allow.
    mutating func integer(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A uniform number between two bounds.
    mutating func uniform(_ lower: Float, _ upper: Float) -> Float {
        lower + (upper - lower) * (Float(next() >> 40) * 0x1p-24)
    }

    /// A number of about the normal distribution with mean 0: the sum of four uniform numbers, at most 3.5 deviations
    /// from the mean.
    mutating func normal(deviation: Float) -> Float {
        let sum = uniform(-1, 1) + uniform(-1, 1) + uniform(-1, 1) + uniform(-1, 1)
        // The variance of the sum is 4/3.
        return sum * 0.866_025_4 * deviation
    }

    /// Brings the elements into a random order, each order being equally likely.
    mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(index, integer(below: index + 1))
        }
    }
}
