import Testing

@testable import Torch

@Suite struct TensorTests {
    /// 0 to 5 as `[2, 3]`.
    let matrix = Tensor([0, 1, 2, 3, 4, 5] as [Double], shape: [2, 3])

    // MARK: Making and reading

    @Test func keepsElementsOfEachType() {
        #expect(Tensor([0, 128, 255] as [UInt8]).elements() == [0, 128, 255] as [UInt8])
        #expect(Tensor([.min, -1, .max] as [Int64]).elements() == [.min, -1, .max] as [Int64])
        #expect(Tensor([-0.1, .infinity, 3e38] as [Float]).elements() == [-0.1, .infinity, 3e38] as [Float])
        #expect(Tensor([-0.1, 1e300, .pi]).elements() == [-0.1, 1e300, .pi])
        #expect(Tensor([.nan] as [Double]).elements(as: Double.self)[0].isNaN)
    }

    @Test func tellsShapeTypeAndDevice() {
        let tensor = Tensor.zeros([4, 1, 3], dtype: .float64)
        #expect(tensor.shape == [4, 1, 3])
        #expect(tensor.rank == 3)
        #expect(tensor.count == 12)
        #expect(tensor.size(0) == 4 && tensor.size(-1) == 3 && tensor.size(-3) == 4)
        #expect(tensor.dtype == .float64)
        #expect(tensor.device == .cpu)
        #expect(Tensor([1] as [UInt8]).dtype == .uint8)
    }

    @Test func holdsScalarsAndNothing() {
        let scalar = Tensor(2.5)
        #expect(scalar.shape == [] && scalar.rank == 0 && scalar.count == 1)
        #expect(scalar.dtype == .float32)
        #expect(scalar.item() == 2.5)
        let nothing = Tensor([] as [Float], shape: [0, 3])
        #expect(nothing.shape == [0, 3] && nothing.elements(as: Float.self) == [])
        #expect(nothing.sum().item() == 0)
    }

    @Test func makesConstantsRangesAndIdentities() {
        #expect(Tensor.full([2], -7, dtype: .int64).elements() == [-7, -7] as [Int64])
        #expect(Tensor.zeros([2]).elements() == [0, 0] as [Float])
        #expect(Tensor.ones([2], dtype: .uint8).elements() == [1, 1] as [UInt8])
        #expect(Tensor.range(4).elements() == [0, 1, 2, 3] as [Int64])
        #expect(Tensor.identity(2, dtype: .float64).elements() == [1.0, 0, 0, 1])
        #expect(Tensor.empty([3, 2], dtype: .bool).shape == [3, 2])
        let zeros = Tensor.zeros(like: matrix)
        #expect(zeros.shape == [2, 3] && zeros.dtype == .float64 && zeros.squaredNorm().item() == 0)
    }

    @Test func copiesTheElementsItIsMadeFrom() {
        var elements: [Double] = [1, 2]
        let tensor = Tensor(elements)
        elements[0] = 9
        #expect(tensor.elements() == [1.0, 2])
    }

    @Test func convertsBetweenTypes() {
        let tensor = Tensor([0, 1.75, 200])
        #expect(tensor.to(dtype: .int64).elements() == [0, 1, 200] as [Int64])
        #expect(tensor.to(dtype: .uint8).elements() == [0, 1, 200] as [UInt8])
        #expect(tensor.to(dtype: .float32).elements() == [0, 1.75, 200] as [Float])
        #expect(tensor.to(dtype: .bool).doubles() == [0, 1, 1])
        // 8 digits: 257 lies between 256 and 258, and the even one is taken.
        #expect(Tensor([1.75, 257, 259]).to(dtype: .bfloat16).doubles() == [1.75, 256, 260])
        // 11 digits: 2049 lies between 2048 and 2050. The largest number is 65504.
        #expect(Tensor([1.75, 2049, 1e5]).to(dtype: .float16).doubles() == [1.75, 2048, .infinity])
        #expect(tensor.to(dtype: .float64).sharesStorage(with: tensor), "nothing changes, nothing is copied")
        // A double keeps what a float cannot hold.
        #expect(Tensor([0.1]).to(dtype: .float32).to(dtype: .float64).item() == Double(Float(0.1)))
    }

    @Test(arguments: DType.allCases) func knowsTheSizeOfAnElement(dtype: DType) {
        let bytes = [UInt8](repeating: 1, count: 3 * dtype.byteCount)
        let tensor = bytes.withUnsafeBytes { Tensor(bytes: $0, shape: [3], dtype: dtype) }
        #expect(tensor.dtype == dtype && tensor.count == 3)
    }

    @Test func knowsEpsilon() {
        for dtype in [DType.float16, .bfloat16, .float32, .float64] {
            let one = Tensor(1, dtype: dtype)
            #expect((one + dtype.epsilon - 1).item() == dtype.epsilon)
            #expect((one + dtype.epsilon / 2 - 1).item() == 0)
        }
    }

    @Test func printsItsElements() {
        #expect("\(matrix)".contains("3  4  5"))
        #expect("\(matrix)".contains("[ CPUDoubleType{2,3} ]"))
    }

    // MARK: Views and copies

    @Test func viewsShareTheStorage() {
        let views: [(Tensor, [Int], [Double])] = [
            (matrix.transposed(), [3, 2], [0, 3, 1, 4, 2, 5]),
            (matrix.reshaped([3, -1]), [3, 2], [0, 1, 2, 3, 4, 5]),
            (matrix.flattened(), [6], [0, 1, 2, 3, 4, 5]),
            (matrix.narrowed(1, to: 1..<3), [2, 2], [1, 2, 4, 5]),
            (matrix.selected(0, 1), [3], [3, 4, 5]),
            (matrix.expanded(at: 1), [2, 1, 3], [0, 1, 2, 3, 4, 5]),
            (matrix.detached(), [2, 3], [0, 1, 2, 3, 4, 5]),
            (matrix.contiguous(), [2, 3], [0, 1, 2, 3, 4, 5]),
        ]
        for (view, shape, elements) in views {
            #expect(view.shape == shape && view.elements() == elements)
            #expect(view.sharesStorage(with: matrix))
        }
        matrix.selected(0, 1).fill(7)
        #expect(matrix.elements() == [0.0, 1, 2, 7, 7, 7])
        #expect(views[0].0.elements() == [0.0, 7, 1, 7, 2, 7], "the view made before sees it")
    }

    @Test func copiesDoNotShareTheStorage() {
        let copies = [
            matrix.clone(), matrix.transposed().contiguous(), matrix.gathered(0, Tensor.range(2)),
            matrix.to(dtype: .float32), matrix.transposed().reshaped([6]), .concatenated([matrix], along: 0),
            .stacked([matrix]),
        ]
        for copy in copies { #expect(!copy.sharesStorage(with: matrix)) }
        matrix.fill(-1)
        for copy in copies { #expect(copy.sum().item() == 15) }
    }

    @Test func aCopyOfTheStructIsTheSameTensor() {
        let same = matrix
        same.fill(2)
        #expect(matrix.sum().item() == 12)
    }

    @Test func keepsFlattenedDimensionsApart() {
        #expect(Tensor.zeros([2, 3, 4, 5]).flattened(from: 1).shape == [2, 60])
        #expect(Tensor.zeros([2, 3, 4]).transposed(0, 2).shape == [4, 3, 2])
    }

    @Test func gathersAndJoins() {
        let rows = matrix.gathered(0, Tensor([1, 0, 1] as [Int64]))
        #expect(rows.shape == [3, 3] && rows.elements() == [3.0, 4, 5, 0, 1, 2, 3, 4, 5])
        let joined = Tensor.concatenated([matrix, matrix.narrowed(1, to: 0..<1)], along: 1)
        #expect(joined.shape == [2, 4] && joined.elements() == [0.0, 1, 2, 0, 3, 4, 5, 3])
        let stacked = Tensor.stacked([Tensor([1.0, 2]), Tensor([3.0, 4])], along: 1)
        #expect(stacked.elements() == [1.0, 3, 2, 4])
    }

    // MARK: Arithmetic

    @Test func computesElementwiseAndBroadcasts() {
        let row = Tensor([1.0, 2, 4])
        #expect((matrix + row).elements() == [1.0, 3, 6, 4, 6, 9])
        #expect((matrix - row).elements() == [-1.0, -1, -2, 2, 2, 1])
        #expect((matrix * row).elements() == [0.0, 2, 8, 3, 8, 20])
        #expect((matrix / row).elements() == [0.0, 0.5, 0.5, 3, 2, 1.25])
        let integers = Tensor([1, -2, 1 << 60] as [Int64])
        #expect((integers + integers).elements() == [2, -4, 1 << 61] as [Int64])
        #expect((integers - integers).elements() == [0, 0, 0] as [Int64])
        #expect((row + 1).elements() == [2.0, 3, 5])
        #expect((row - 1).elements() == [0.0, 1, 3])
        #expect((row * 2).elements() == [2.0, 4, 8] && (2 * row).elements() == [2.0, 4, 8])
        #expect((row / 4).elements() == [0.25, 0.5, 1])
        #expect((-row).elements() == [-1.0, -2, -4])
        #expect(row.power(3).elements() == [1.0, 8, 64])
        #expect((-row).absolute().elements() == [1.0, 2, 4])
        #expect(row.power(2).squareRoot().elements() == [1.0, 2, 4])
        #expect(difference(row.exponential().logarithm(), row) < 1e-15)
        #expect(row.interpolated(to: Tensor([3.0, 2, 0]), share: 0.25).elements() == [1.5, 2, 3])
        #expect(row.equals(Tensor([1.0, 3, 4])).doubles() == [1, 0, 1])
    }

    @Test func appliesActivations() {
        let x = Tensor([-2, 0, 0.5])
        #expect(x.relu().elements() == [0, 0, 0.5])
        #expect(x.leakyReLU(slope: 0.1).elements() == [-0.2, 0, 0.5])
        #expect(difference(x.tanh().doubles(), [-0.9640275800758169, 0, 0.46211715726000973]) < 1e-15)
        #expect(difference(x.sigmoid().doubles(), [0.11920292202211755, 0.5, 0.6224593312018546]) < 1e-15)
        #expect(difference(x.gelu().doubles(), [-0.04550026389635842, 0, 0.34573123063700656]) < 1e-15)
    }

    @Test func reduces() {
        #expect(matrix.sum().item() == 15)
        #expect(matrix.sum(along: [0]).elements() == [3.0, 5, 7])
        #expect(matrix.sum(along: [1], keepingDimensions: true).shape == [2, 1])
        #expect(matrix.sum(along: [0, 1]).item() == 15)
        #expect(matrix.mean().item() == 2.5)
        #expect(matrix.dot(matrix + 1).item() == 70)
        #expect(matrix.squaredNorm().item() == 55)
        #expect(Tensor([3.0, 0, -4], shape: [3, 1]).norm().item() == 5)
        #expect(matrix.transposed().dot(matrix.transposed()).item() == 55)
        #expect((-matrix).argmax().elements() == [0, 0] as [Int64])
        #expect(matrix.argmax(along: 0).elements() == [1, 1, 1] as [Int64])
    }

    @Test func noticesWhatIsNotFinite() {
        #expect(matrix.isAllFinite())
        #expect(!Tensor([1.0, .nan]).isAllFinite())
        #expect(!Tensor([1.0, -Double.infinity]).isAllFinite())
    }

    @Test func changesInPlace() {
        let x = Tensor([1.0, 0, 3])
        func expect(_ elements: [Double], _ location: SourceLocation = #_sourceLocation) {
            #expect(x.elements() == elements, sourceLocation: location)
        }
        x.addInPlace(Tensor([2.0, 2, 2]), scale: -0.5)
        expect([0, -1, 2])
        x.addInPlace(3)
        expect([3, 2, 5])
        x.multiplyInPlace(by: 2)
        expect([6, 4, 10])
        x.addProductInPlace(Tensor([1.0, 2, 3]), Tensor([1.0, 1, 2]), scale: 2)
        expect([8, 8, 22])
        x.interpolateInPlace(to: Tensor([0.0, 8, -2]), share: 0.75)
        expect([2, 8, 4])
        x.copy(from: Tensor([5] as [Int64]))
        expect([5, 5, 5])
        x.fill(0.5)
        expect([0.5, 0.5, 0.5])
    }
}
