import Testing
import Torch

@Suite struct ScalarTests {
    @Test("Numbers beyond single precision are infinite there, as products are, and end nothing")
    func overflow() {
        func ones(_ dtype: DType = .float32) -> Tensor { .full([2, 2], 1, dtype: dtype) }
        let factor = 1e39
        #expect((ones() * factor).doubles().allSatisfy { $0 == .infinity })
        #expect((ones() + -factor).doubles().allSatisfy { $0 == -.infinity })
        #expect((ones(.float64) * factor).doubles().allSatisfy { $0 == factor })
        let operations: [(Tensor) -> Void] = [
            { $0.fill(factor) }, { $0.addInPlace(ones(), scale: factor) }, { $0.addInPlace(factor) },
            { $0.multiplyInPlace(by: factor) }, { $0.addProductInPlace(ones(), ones(), scale: factor) },
        ]
        for operation in operations {
            let tensor = ones()
            operation(tensor)
            #expect(tensor.doubles().allSatisfy { $0 == .infinity })
        }
    }
}
