import Testing

@testable import Torch

/// Shapes that do not fit are programming errors: the program ends and says which shapes they were.
@Suite struct TrapTests {
    /// Checks that standard error holds all the texts.
    private func expect(
        _ result: ExitTest.Result?, says texts: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        for text in texts {
            #expect(message.contains(text), "\(message)", sourceLocation: sourceLocation)
        }
    }

    @Test func matricesThatDoNotFit() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([2, 3]).matmul(Tensor.zeros([4, 5]))
        }
        expect(result, says: "Torch.matmul(_:): ", "2x3 and 4x5")
    }

    @Test func shapesThatDoNotBroadcast() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([2, 3]) + Tensor.zeros([2, 4])
        }
        expect(result, says: "Torch.+(_:_:): ", "(3)", "(4)")
    }

    @Test func reshapingToAnotherNumberOfElements() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([2, 3]).reshaped([4, -1])
        }
        expect(result, says: "Torch.reshaped(_:): ", "[4, -1]", "size 6")
    }

    @Test func accumulatingAProductOfAnotherShape() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Tensor.zeros([2, 2]).addMatmulInPlace(Tensor.zeros([2, 3]), Tensor.zeros([3, 4]))
        }
        expect(result, says: "Torch.addMatmulInPlace(_:_:scale:keep:): ", "[2, 2]", "4")
    }

    @Test func elementsThatDoNotFillAShape() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor([1, 2, 3] as [Float], shape: [2, 2])
        }
        expect(result, says: "3 elements", "[2, 2]")
    }

    @Test func aDimensionThatIsNotThere() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([2, 3]).size(2)
        }
        expect(result, says: "dimension 2", "[2, 3]")
    }

    @Test func readingAsAnotherType() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([2]).elements(as: Double.self)
        }
        expect(result, says: "Double", "float32")
    }

    @Test func theItemOfSeveralElements() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([2, 2]).item()
        }
        expect(result, says: "Torch.item(): ", "4 elements")
    }

    @Test func followingIntegers() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            withGradients(of: [Tensor.range(3)]) {}
        }
        expect(result, says: "Torch.requiresGradient", "floating point")
    }
}
