import Foundation
import Torch

/// The series `sum Z^k / (k + s)!` of a square matrix Z: its exponential for s = 0, and `phi(Z) = (e^Z - I) Z^{-1}` for s = 1.
///
/// The even and the odd powers apart serve Z and -Z. All is in operations that autograd can follow, and nothing is read back.
struct ExponentialSeries {
    /// The sum over the even powers.
    let even: Tensor
    /// The sum over the odd powers.
    let odd: Tensor

    /// The largest norm for which the powers that are taken suffice.
    static let largestNorm = 0.5

    /// The sums for a matrix, `[r, r]`, or each one of a batch, `[B, r, r]`.
    ///
    /// - Parameters:
    ///   - z: Z.
    ///   - shift: s.
    ///   - norm: A bound of the norm of Z, at most `largestNorm`.
    ///   - resolution: What is left out is below it.
    init(of z: Tensor, shift: Int, norm: Double, resolution: Double) {
        let highest = Self.highestPower(shift: shift, norm: norm, resolution: resolution)
        let isStack = z.rank == 3
        let square = isStack ? z.matmuls(z) : z.matmul(z)
        let identity = Tensor.identity(z.size(-1), dtype: z.dtype, device: z.device)
        /// `first sum square^j / (2 j + power + s)!` by Horner's rule, where first is `square^0` or Z.
        func series(_ first: Tensor, from power: Int) -> Tensor {
            var coefficients = stride(from: power, through: highest, by: 2).map { 1 / tgamma(Double($0 + shift + 1)) }
            let last = coefficients.removeLast()
            var sum = first * last
            // No stack of identities is multiplied by.
            if isStack, power == 0, let next = coefficients.popLast() { sum = identity * next + square * last }
            for coefficient in coefficients.reversed() {
                let term = first * coefficient
                sum = isStack ? term + square.matmuls(sum) : term.addingMatmul(square, sum)
            }
            return sum
        }
        even = series(identity, from: 0)
        odd = series(z, from: 1)
    }

    /// The highest power that is needed, at most 13 for a norm of 1/2: the next one is below the resolution.
    private static func highestPower(shift: Int, norm: Double, resolution: Double) -> Int {
        (1..<13).first { pow(norm, Double($0 + 1)) / tgamma(Double($0 + shift + 2)) < resolution / 16 } ?? 13
    }
}
