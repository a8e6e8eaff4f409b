import Testing

@testable import Torch

/// The largest difference between corresponding elements; infinite where the shapes differ or an element is not a number.
func difference(_ left: Tensor, _ right: Tensor) -> Double {
    guard left.shape == right.shape else { return .infinity }
    return difference(left.doubles(), right.doubles())
}

/// The largest difference between corresponding numbers; infinite where the counts differ or one is not a number.
func difference(_ left: [Double], _ right: [Double]) -> Double {
    guard left.count == right.count else { return .infinity }
    let differences = zip(left, right).map { abs($0 - $1) }
    return differences.contains(where: \.isNaN) ? .infinity : differences.max() ?? 0
}

/// Checks that `derivative` is what autograd gives for `function` at `input`, pulled back from random numbers.
func expectPullback(
    of function: (Tensor) -> Tensor, at input: Tensor, is derivative: (_ cotangent: Tensor, _ output: Tensor) -> Tensor,
    within tolerance: Double = 1e-12, sourceLocation: SourceLocation = #_sourceLocation
) {
    let (output, expected, cotangent) = withGradients(of: [input]) {
        let output = function(input)
        let cotangent = Tensor.normal(output.shape, using: Generator(seed: 99), dtype: output.dtype)
        return (output, gradient(of: output, with: [input], cotangent: cotangent)[0], cotangent)
    }
    let actual = derivative(cotangent, output.detached())
    #expect(difference(actual, expected) <= tolerance, sourceLocation: sourceLocation)
    #expect(expected.squaredNorm().item() > 0, "the test compares zeros", sourceLocation: sourceLocation)
}
