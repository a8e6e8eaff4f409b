import Foundation
import Testing

@testable import Torch

@Suite struct MatrixFunctionsTests {
    @Test func theExponentialOfARotation() {
        let generator = Tensor([0, -1.0, 1, 0], shape: [2, 2])
        let rotation = (generator * 0.3).matrixExponential()
        #expect(difference(rotation.doubles(), [cos(0.3), -sin(0.3), sin(0.3), cos(0.3)]) < 1e-15)
        let both = Tensor.stacked([generator * 0.3, generator * -0.3]).matrixExponential()
        #expect(difference(both.selected(0, 0).matmul(both.selected(0, 1)), .identity(2, dtype: .float64)) < 1e-15)
    }

    @Test(arguments: [DType.float32, .float64], [(7, 4), (4, 7)])
    func thePseudoInverseHasItsFourProperties(dtype: DType, size: (Int, Int)) throws {
        let random = Generator(seed: 1)
        let a = Tensor.normal([size.0, 3], using: random, dtype: dtype)
            .matmul(.normal([3, size.1], using: random, dtype: dtype))
        let inverse = try a.pseudoInverse()
        let tolerance = 100 * dtype.epsilon
        #expect(difference(a.matmul(inverse).matmul(a), a) < tolerance)
        #expect(difference(inverse.matmul(a).matmul(inverse), inverse) < tolerance)
        for projector in [a.matmul(inverse), inverse.matmul(a)] {
            #expect(difference(projector, projector.transposed()) < tolerance)
        }
    }

    @Test func thePseudoInverseOfWhatIsNotANumberIsAnError() {
        #expect(throws: TorchError.self) { try Tensor.full([3, 4], .nan).pseudoInverse() }
    }

    @Test func elementwise() {
        let x = Tensor([-2, -0.5, 0, 0.25, 3.0])
        #expect(x.clamped(to: -1...0.5).doubles() == [-1, -0.5, 0, 0.25, 0.5])
        #expect(difference(x.inverseSinh().doubles(), x.doubles().map(asinh)) < 1e-15)
        let inner = x.clamped(to: -0.9...0.9)
        #expect(difference(inner.inverseTanh().doubles(), inner.doubles().map(atanh)) < 1e-15)
    }
}
