import NeuralNetworks
import Torch

/// The sum of the outer products of an affine map's input rows, over as many batches as one likes.
///
/// The sum is kept in `float64`: in `float32` it would lose every direction with a singular value below 3e-4 of the
/// largest, and moves along those would leak into the loss.
public struct InputCovariance {
    private let hasBias: Bool
    private let dtype: DType
    /// Symmetric; what is above the blocks on the diagonal stays zero, and nobody reads it.
    private let sum: Tensor

    /// The share of the energy that is rounding: that of the rows, squared, or that of the eigenvalues of the sum. Rows in
    /// `float64` are as exact as the sum, and there a direction in doubt counts as significant: less freedom, no drift.
    private var resolution: Double {
        let rows = dtype.epsilon * dtype.epsilon
        return dtype == .float64 ? Double.ulpOfOne : max(rows, Double(sum.size(0)) * Double.ulpOfOne)
    }

    /// The elements converted at once; bounds the memory that a long input takes.
    private static let elementsAtOnce = 1 << 20

    /// The columns of the sum that are computed at once, from the diagonal down; all of them together would be twice the
    /// work.
    private static let blockWidth = 256

    /// An empty sum.
    ///
    /// - Parameters:
    ///   - columns: The columns of the rows, without that of the bias.
    ///   - hasBias: Whether the map has a bias.
    ///   - dtype: The element type of the rows, whose resolution bounds what `tau = 1` can mean.
    ///   - device: Where the rows are.
    public init(columns: Int, hasBias: Bool, dtype: DType, device: Device) {
        self.hasBias = hasBias
        self.dtype = dtype
        let dimension = columns + (hasBias ? 1 : 0)
        sum = .zeros([dimension, dimension], dtype: .float64, device: device)
    }

    /// An empty sum for the input of a map.
    init(of map: AffineMap) {
        self.init(
            columns: map.input.columnCount, hasBias: map.bias != nil, dtype: map.input.dtype, device: map.input.device)
    }

    /// Adds the rows of an input.
    public func add(_ input: any AffineInput) {
        input.forEachPart(ofAtMost: max(Self.elementsAtOnce / input.columnCount, 1)) { rows in
            var part = rows.to(dtype: .float64)
            if hasBias { part = part.appendingOnes() }
            let d = sum.size(0)
            for start in stride(from: 0, to: d, by: Self.blockWidth) {
                let columns = start..<min(start + Self.blockWidth, d)
                sum.narrowed(0, to: start..<d).narrowed(1, to: columns).addMatmulInPlace(
                    part.narrowed(1, to: start..<d).transposed(), part.narrowed(1, to: columns))
            }
        }
    }

    /// Adds rows, `[m, in]`.
    public func add(_ rows: Tensor) { add(Representation(rows: rows)) }

    /// The null space of all rows so far; see `InputNullSpace` for tau.
    ///
    /// - Throws: `TorchError` if the decomposition fails, as with rows that are not finite.
    public func nullSpace(tau: Double = 1) throws(TorchError) -> InputNullSpace {
        let (values, vectors) = try sum.symmetricEigen()
        let d = sum.size(0)
        let k = significantRank(values.doubles().reversed(), tau: tau, resolution: resolution)
        let ofNullSpace = d - k < k
        // Eigenvalues ascend: the null space comes first.
        let basis = vectors.narrowed(1, to: ofNullSpace ? 0..<d - k : d - k..<d)
        return InputNullSpace(basis: basis.to(dtype: dtype), ofNullSpace: ofNullSpace, hasBias: hasBias)
    }
}
