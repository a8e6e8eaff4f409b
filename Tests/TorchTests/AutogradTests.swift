import Testing

@testable import Torch

@Suite struct AutogradTests {
    let x = Tensor([1.0, 2, 3])
    private struct Interruption: Error {}

    @Test func differentiates() {
        let (gradients, value) = withGradients(of: [x]) {
            let value = x.power(3).sum()
            return (gradient(of: value, with: [x]), value.item())
        }
        #expect(value == 36)
        #expect(gradients.count == 1 && gradients[0].elements() == [3.0, 12, 27])
        #expect(!gradients[0].requiresGradient)
    }

    @Test func pullsBackACotangent() {
        let result = withGradients(of: [x]) {
            gradient(of: x * x, with: [x], cotangent: Tensor([1.0, 10, 100]))[0]
        }
        #expect(result.elements() == [2.0, 40, 600])
    }

    @Test func unusedInputsHaveTheDerivativeZero() {
        let unused = Tensor.ones([2, 2])
        let unfollowed = Tensor.ones([4], dtype: .float64)
        let gradients = withGradients(of: [x, unused]) { gradient(of: x.sum(), with: [x, unused]) }
        #expect(gradients[0].elements() == [1.0, 1, 1])
        #expect(gradients[1].shape == [2, 2] && gradients[1].elements() == [0, 0, 0, 0] as [Float])
        // Also where nothing at all was followed.
        #expect(gradient(of: x.sum(), with: [unfollowed])[0].elements() == [0.0, 0, 0, 0])
    }

    @Test func differentiatesDerivatives() {
        withGradients(of: [x]) {
            let first = gradient(of: x.power(4).sum(), with: [x], createGraph: true)[0]
            #expect(first.detached().elements() == [4.0, 32, 108])
            let second = gradient(of: first.sum(), with: [x], createGraph: true)[0]
            #expect(second.detached().elements() == [12.0, 48, 108])
            let third = gradient(of: second.sum(), with: [x])[0]
            #expect(third.elements() == [24.0, 48, 72])
        }
    }

    @Test func aDerivativeThatVanishesEverywhereHasElements() {
        let second = withGradients(of: [x]) {
            let first = gradient(of: x.absolute().sum(), with: [x], createGraph: true)[0]
            return gradient(of: first.dot(Tensor([1.0, 2, 3])), with: [x])[0]
        }
        #expect(second.elements() == [0.0, 0, 0])
    }

    @Test func hessianVectorProductsOfTheGradientNormAreExact() {
        // f = (a x)^2 / 2: g = a^2 x, and half the squared norm of g has the derivative a^4 x.
        let a = Tensor([1.0, 2, 3])
        let result = withGradients(of: [x]) {
            let first = gradient(of: ((x * a).power(2) * 0.5).sum(), with: [x], createGraph: true)[0]
            return gradient(of: first.squaredNorm() * 0.5, with: [x])[0]
        }
        #expect(result.elements() == [1.0, 32, 243])
    }

    @Test func keepsTheGraphWhereAsked() {
        withGradients(of: [x]) {
            let value = x.power(2).sum()
            let first = gradient(of: value, with: [x], retainGraph: true)[0]
            let again = gradient(of: value, with: [x])[0]
            #expect(first.elements() == again.elements(as: Double.self))
        }
    }

    @Test func detachedTensorsAreConstants() {
        let result = withGradients(of: [x]) { gradient(of: (x * x.detached()).sum(), with: [x])[0] }
        #expect(result.elements() == [1.0, 2, 3])
    }

    @Test func followsOnlyWithinTheBody() {
        #expect(!x.requiresGradient)
        let product = withGradients(of: [x]) {
            #expect(x.requiresGradient)
            let inner = withoutGradients { x * 2 }
            #expect(!inner.requiresGradient)
            return x * 2
        }
        #expect(product.requiresGradient)
        #expect(!x.requiresGradient && !(x * 2).requiresGradient)
    }

    @Test func leavesTensorsFollowedThatWereBefore() {
        x.requiresGradient = true
        withGradients(of: [x]) {}
        #expect(x.requiresGradient)
    }

    @Test func recordsWithinABodyWithoutGradients() {
        withoutGradients {
            let result = withGradients(of: [x]) { gradient(of: (x * x).sum(), with: [x])[0] }
            #expect(result.elements() == [2.0, 4, 6])
            x.requiresGradient = true
            #expect(!(x * 2).requiresGradient, "switched off again")
        }
        #expect((x * 2).requiresGradient, "switched on again")
    }

    @Test func restoresTheStateWhenTheBodyThrows() {
        #expect(throws: Interruption.self) {
            try withGradients(of: [x]) { () throws(Interruption) in throw Interruption() }
        }
        #expect(!x.requiresGradient)
        x.requiresGradient = true
        #expect(throws: Interruption.self) { try withoutGradients { () throws(Interruption) in throw Interruption() } }
        #expect((x * 2).requiresGradient)
    }
}
