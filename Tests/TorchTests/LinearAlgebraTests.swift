import Testing

@testable import Torch

@Suite struct LinearAlgebraTests {
    private func random(_ rows: Int, _ columns: Int, dtype: DType = .float64) -> Tensor {
        .normal([rows, columns], using: Generator(seed: UInt64(rows * 100 + columns)), dtype: dtype)
    }

    /// What rounding may amount to in these small problems.
    private func tolerance(_ dtype: DType) -> Double { 100 * dtype.epsilon }

    // MARK: Products

    @Test func multiplies() {
        let a = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
        let b = Tensor([1.0, 0, 2, 1, 0, 3], shape: [3, 2])
        #expect(a.matmul(b).elements() == [5.0, 11, 14, 23])
        #expect(a.matmul(Tensor([1.0, 1, 1])).elements() == [6.0, 15])
        let batches = Tensor.stacked([a, a * 2])
        #expect(batches.matmul(b).shape == [2, 2, 2])
        #expect(batches.matmul(b).selected(0, 1).elements() == [10.0, 22, 28, 46])
    }

    @Test func appliesAnAffineMapToTheLastDimension() {
        let x = random(6, 4)
        let weight = random(3, 4)
        let bias = Tensor([1.0, 2, 3])
        #expect(difference(x.linear(weight, bias), x.matmul(weight.transposed()) + bias) < 1e-14)
        #expect(difference(x.linear(weight, nil), x.matmul(weight.transposed())) < 1e-14)
        #expect(x.reshaped([2, 3, 4]).linear(weight, bias).shape == [2, 3, 3])
    }

    @Test("Few rows and a large weight, which are multiplied the other way round", arguments: [11, 12, 32, 48, 49])
    func appliesALargeAffineMapToFewRows(rows: Int) {
        let generator = Generator(seed: UInt64(rows))
        let x = Tensor.normal([rows, 600], using: generator)
        let (weight, bias) = (Tensor.normal([500, 600], using: generator), Tensor.normal([500], using: generator))
        let expected = x.to(dtype: .float64).linear(weight.to(dtype: .float64), bias.to(dtype: .float64))
        #expect(difference(x.linear(weight, bias).to(dtype: .float64), expected) < 1e-3)
        #expect(x.linear(weight, bias).shape == [rows, 500] && x.linear(weight, nil).shape == [rows, 500])
        for z in [x.linear(weight, bias), x.linear(weight, nil)] {
            #expect(z.contiguous().sharesStorage(with: z), "it lies by rows, as all that it meets")
        }
        // What comes of it is a matrix like others, for elements, views and products in place.
        let z = x.linear(weight, bias)
        #expect(z.flattened().elements(as: Float.self) == z.clone().elements(as: Float.self))
        #expect(
            z.reshaped([rows, 5, 100]).selected(0, 1).elements(as: Float.self)
                == z.selected(0, 1).elements(as: Float.self))
        z.addMatmulInPlace(x, weight.transposed(), scale: -1)
        #expect(
            difference(z.to(dtype: .float64), Tensor.zeros([rows, 500], dtype: .float64) + bias.to(dtype: .float64))
                < 1e-3)
        // One bias for each row, which only the one way takes.
        let biases = Tensor.normal([rows, 500], using: generator)
        #expect(
            difference(
                x.linear(weight, biases).to(dtype: .float64), (x.linear(weight, nil) + biases).to(dtype: .float64))
                < 1e-3)
        // The gradient of half the squared norm, and the gradient of half that gradient's, in both ways.
        func derivatives(_ dtype: DType) -> [[Double]] {
            let parameters = [x, weight, bias].map { $0.to(dtype: dtype) * 0.05 }
            return withGradients(of: parameters) {
                let z = parameters[0].linear(parameters[1], parameters[2])
                let first = gradient(of: z.squaredNorm() * 0.5, with: parameters, createGraph: true)
                let second = gradient(of: first[0].squaredNorm() * 0.5, with: parameters)
                return (first.map { $0.detached() } + second).map { $0.doubles() }
            }
        }
        for (narrow, wide) in zip(derivatives(.float32), derivatives(.float64)) {
            let scale = wide.map(\.magnitude).max() ?? 1
            #expect(zip(narrow, wide).allSatisfy { abs($0 - $1) <= 1e-5 * scale })
        }
    }

    /// Large enough for oneDNN where that is the fastest: whatever multiplies, it is the product.
    @Test(
        "Large products in single precision", arguments: [1, 20, 80],
        [(512, 512), (3000, 190), (9, 7000)])
    func multipliesLargeMatrices(rows: Int, shape: (Int, Int)) {
        let (inner, columns) = shape
        let generator = Generator(seed: UInt64(rows + columns))
        let x = Tensor.normal([rows, inner], using: generator)
        let wide = Tensor.normal([inner, columns + 8], using: generator)
        let part = wide.narrowed(1, to: 3..<columns + 3)
        let (byRows, byColumns) = (part.contiguous(), part.transposed().contiguous().transposed())
        let bias = Tensor.normal([columns], using: generator)
        let expected = x.to(dtype: .float64).matmul(part.to(dtype: .float64))
        // Each of so many additions rounds a sum that has grown to the root of their number, and of few terms one may be large.
        let tolerance = 4 * Double(inner + 10) * DType.float32.epsilon
        for matrix in [part, byRows, byColumns] {
            for x in [x, x.transposed().contiguous().transposed()] {
                let product = x.matmul(matrix)
                #expect(difference(product.to(dtype: .float64), expected) < tolerance)
                #expect(product.contiguous().sharesStorage(with: product), "it lies by rows")
                let linear = x.linear(matrix.transposed(), bias)
                #expect(difference(linear.to(dtype: .float64), expected + bias.to(dtype: .float64)) < tolerance)
                #expect(difference(x.linear(matrix.transposed(), nil).to(dtype: .float64), expected) < tolerance)
            }
        }
        let isLarge = rows > 3 && rows * inner * columns >= 5_000_000
        #expect(x.isFaster(byOneDNN: byRows, columns: columns) == (isLarge && Tensor.hasOneDNN))
        #expect(x.isFaster(byOneDNN: byColumns, columns: columns) == (isLarge && Tensor.hasOneDNN))
        #expect(!x.isFaster(byOneDNN: part, columns: columns), "a part of another's columns")
        #expect(!x.to(dtype: .float64).isFaster(byOneDNN: part.to(dtype: .float64), columns: columns))
        if rows > 1 {
            #expect(!x.transposed().contiguous().transposed().isFaster(byOneDNN: byRows, columns: columns))
        }
    }

    @Test func followsLargeProducts() {
        let generator = Generator(seed: 7)
        let (x, weight, bias) = (
            Tensor.normal([64, 400], using: generator), Tensor.normal([300, 400], using: generator),
            Tensor.normal([300], using: generator)
        )
        #expect(x.isFaster(byOneDNN: weight, columns: 300) == Tensor.hasOneDNN)
        // Each alone, since any of them may be what is followed.
        for followed in 0..<3 {
            func derivative(_ dtype: DType) -> Tensor {
                let parts = [x, weight, bias].map { $0.to(dtype: dtype) }
                return withGradients(of: [parts[followed]]) {
                    let product = parts[0].linear(parts[1], parts[2])
                    let other = parts[0].matmul(parts[1].transposed())
                    return gradient(of: (product + other).squaredNorm() * 0.5, with: [parts[followed]])[0].detached()
                }
            }
            let expected = derivative(.float64)
            let scale = expected.norm().item() / Double(expected.count).squareRoot()
            #expect(difference(derivative(.float32).to(dtype: .float64), expected) < 1e-4 * scale)
        }
        let product = x.reshaped([4, 16, 400]).linear(weight, bias)
        #expect(product.shape == [4, 16, 300])
        #expect(difference(product.reshaped([64, 300]), x.linear(weight, bias)) < 1e-3)
    }

    @Test func accumulatesProductsInPlace() {
        let (a, b) = (random(3, 5), random(5, 2))
        let start = random(3, 2)
        let sum = start.clone()
        #expect(difference(start.addingMatmul(a, b), start + a.matmul(b)) < 1e-14)
        #expect(difference(start.addingMatmul(a, b, scale: -2, keep: 0.5), start * 0.5 - a.matmul(b) * 2) < 1e-14)
        sum.addMatmulInPlace(a, b, scale: -2, keep: 0.5)
        #expect(difference(sum, start * 0.5 - a.matmul(b) * 2) < 1e-14)
        sum.setMatmul(a, b)
        #expect(difference(sum, a.matmul(b)) < 1e-14)
        let vector = Tensor([1.0, 2, 3])
        let x = Tensor([1.0, -1, 2, 0, 1])
        vector.addMatrixVectorInPlace(a, x, scale: 3, keep: 2)
        #expect(difference(vector, Tensor([2.0, 4, 6]) + a.matmul(x) * 3) < 1e-14)
    }

    // MARK: Orthonormal bases

    @Test(arguments: [DType.float32, .float64]) func qrSpansTheColumns(dtype: DType) {
        let matrix = random(20, 6, dtype: dtype)
        expectBasis(matrix.orthonormalized(), spans: matrix)
    }

    @Test(arguments: [DType.float32, .float64]) func qrSpansDependentColumns(dtype: DType) {
        // Rank 2, with a column of zeros and a repeated one.
        let factor = random(20, 2, dtype: dtype)
        let matrix = Tensor.concatenated(
            [factor, factor.matmul(random(2, 3, dtype: dtype)), .zeros([20, 1], dtype: dtype), factor], along: 1)
        expectBasis(matrix.orthonormalized(), spans: matrix)
    }

    @Test func qrSpansColumnsOfVeryDifferentSizes() {
        let scales = Tensor([1.0, 1e-6, 1e-12, 1e6])
        let matrix = random(10, 4) * scales
        // Relative to its own size, each column lies in the span.
        let basis = matrix.orthonormalized()
        let rest = (matrix - basis.matmul(basis.transposed().matmul(matrix))) / scales
        #expect(rest.absolute().doubles().max()! < 1e-9)
    }

    @Test func qrOfNothingIsOrthonormal() {
        let basis = Tensor.zeros([5, 3], dtype: .float64).orthonormalized()
        #expect(difference(basis.transposed().matmul(basis), .identity(3, dtype: .float64)) < 1e-15)
    }

    private func expectBasis(
        _ basis: Tensor, spans matrix: Tensor, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let gram = basis.transposed().matmul(basis)
        #expect(
            difference(gram, .identity(matrix.size(1), dtype: matrix.dtype)) < tolerance(matrix.dtype),
            sourceLocation: sourceLocation)
        let projected = basis.matmul(basis.transposed().matmul(matrix))
        #expect(difference(projected, matrix) < tolerance(matrix.dtype), sourceLocation: sourceLocation)
    }

    // MARK: Decompositions

    @Test(arguments: [DType.float32, .float64]) func eigenvectorsReconstructTheMatrix(dtype: DType) throws {
        let half = random(8, 5, dtype: dtype)
        let matrix = half.matmul(half.transposed())
        let (values, vectors) = try matrix.symmetricEigen()
        #expect(values.shape == [8] && vectors.shape == [8, 8])
        #expect(difference((vectors * values).matmul(vectors.transposed()), matrix) < tolerance(dtype))
        #expect(difference(vectors.transposed().matmul(vectors), .identity(8, dtype: dtype)) < tolerance(dtype))
        #expect(values.doubles() == values.doubles().sorted())
        #expect(values.doubles().prefix(3).allSatisfy { abs($0) < tolerance(dtype) }, "rank 5")
    }

    @Test func positiveDefiniteness() {
        let generator = Generator(seed: 6)
        let rows = Tensor.normal([9, 6], using: generator, dtype: .float64)
        let definite = rows.transposed().matmul(rows)
        #expect(definite.isPositiveDefinite())
        #expect(!(-definite).isPositiveDefinite())
        #expect(!(definite - Tensor.identity(6, dtype: .float64) * 100).isPositiveDefinite())
        #expect(!Tensor.zeros([3, 3]).isPositiveDefinite())
        #expect(!Tensor.full([2, 2], .nan).isPositiveDefinite())
    }

    @Test(arguments: [DType.float32, .float64], [(7, 4), (4, 7)])
    func singularVectorsReconstructTheMatrix(dtype: DType, size: (Int, Int)) throws {
        let matrix = random(size.0, size.1, dtype: dtype)
        let (u, s, vTransposed) = try matrix.singularValueDecomposition()
        #expect(u.shape == [size.0, 4] && s.shape == [4] && vTransposed.shape == [4, size.1])
        #expect(difference((u * s).matmul(vTransposed), matrix) < tolerance(dtype))
        #expect(difference(u.transposed().matmul(u), .identity(4, dtype: dtype)) < tolerance(dtype))
        #expect(s.doubles() == s.doubles().sorted(by: >))
    }

    @Test func whatIsNotANumberIsAnErrorAndNoCrash() {
        let matrix = Tensor.full([3, 3], .nan, dtype: .float64)
        let eigen = #expect(throws: TorchError.self) { try matrix.symmetricEigen() }
        #expect(eigen?.description.contains("linalg.eigh") == true, "\(eigen?.description ?? "")")
        let singular = #expect(throws: TorchError.self) { try matrix.singularValueDecomposition() }
        #expect(singular?.description.contains("linalg.svd") == true, "\(singular?.description ?? "")")
        // The errors leave nothing behind.
        #expect(throws: Never.self) { try Tensor.identity(3).symmetricEigen() }
    }
}
