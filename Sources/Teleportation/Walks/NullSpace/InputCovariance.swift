import NeuralNetworks
import Torch

/// The rows of an affine map's input, over as many batches as one likes, as far as their null space needs them: the rows
/// themselves while they are fewer than their dimensions, from then on the sum of their outer products.
///
/// The sum is kept in `float64`: in `float32` it would lose every direction with a singular value below 3e-4 of the
/// largest, and moves along those would leak into the loss. Of rows in `float64` it would lose half of the digits; these are
/// replaced by the triangle of their QR decomposition, whose rows have the same sum. An object: whoever holds it sees the rows
/// that others add.
public final class InputCovariance {
    /// d, the columns of the map's matrix: those of the rows, and one for a bias.
    public let dimension: Int
    /// m, the rows so far.
    public private(set) var rowCount = 0

    private let hasBias: Bool
    private let dtype: DType
    private let device: Device
    /// With the column of the bias.
    private var rows: [Tensor] = []
    /// Symmetric; what is above the blocks on the diagonal stays zero, and nobody reads it.
    private var sum: Tensor?

    /// The share of the energy that is rounding: that of the rows, or that of the eigenvalues of the sum.
    var resolution: Double {
        sum == nil
            ? rowResolution(count: rowCount, dtype)
            : max(dtype.epsilon * dtype.epsilon, Double(dimension) * Double.ulpOfOne)
    }

    /// The elements converted at once; bounds the memory that a long input takes.
    private static let elementsAtOnce = 1 << 18

    /// Fewer rows would not be worth the pass over the sum.
    private static let rowsAtOnce = 64

    /// The columns of the sum that are computed at once, from the diagonal down; all of them together would be twice the
    /// work.
    private static let blockWidth = 256

    /// No rows.
    ///
    /// - Parameters:
    ///   - columns: The columns of the rows, without that of the bias.
    ///   - hasBias: Whether the map has a bias.
    ///   - dtype: The element type of the rows, whose resolution bounds what `tau = 1` can mean.
    ///   - device: Where the rows are.
    public init(columns: Int, hasBias: Bool, dtype: DType, device: Device) {
        self.hasBias = hasBias
        self.dtype = dtype
        self.device = device
        dimension = columns + (hasBias ? 1 : 0)
    }

    /// No rows of the inputs of a weight.
    convenience init(of movable: MovableWeight) {
        let input = movable.sites[0].input
        self.init(
            columns: input.columnCount, hasBias: movable.bias != nil, dtype: input.dtype, device: input.device)
    }

    /// Adds the rows of an input.
    public func add(_ input: any AffineInput) {
        rowCount += input.rowCount
        let limit = max(Self.elementsAtOnce / input.columnCount, Self.rowsAtOnce)
        func complete(_ part: Tensor) -> Tensor { hasBias ? part.appendingOnes() : part }
        guard rowCount >= dimension, dtype != .float64 else {
            input.forEachPart(ofAtMost: limit) {
                rows.append(complete($0))
                condense(from: 2 * dimension)
            }
            return
        }
        let sum = summed()
        input.forEachPart(ofAtMost: limit) { add(complete($0), to: sum) }
    }

    /// The sum of the outer products of all rows so far, in the place of which it stays.
    private func summed() -> Tensor {
        let sum = self.sum ?? .zeros([dimension, dimension], dtype: .float64, device: device)
        for part in rows { add(part, to: sum) }
        rows = []
        self.sum = sum
        return sum
    }

    private func add(_ part: Tensor, to sum: Tensor) {
        let part = part.to(dtype: .float64)
        for start in stride(from: 0, to: dimension, by: Self.blockWidth) {
            let columns = start..<min(start + Self.blockWidth, dimension)
            sum.narrowed(0, to: start..<dimension).narrowed(1, to: columns).addMatmulInPlace(
                part.narrowed(1, to: start..<dimension).transposed(), part.narrowed(1, to: columns))
        }
    }

    /// Adds the rows that the other processes of a group have, each of which calls this at the same time, once.
    ///
    /// Few rows are gathered, `[m, d]` of each; of many the sums are added up, `8 d^2` bytes.
    func merge(over group: ProcessGroup) {
        condense(from: dimension + 1)
        let held = rows.map { $0.size(0) }.reduce(0, +)
        let counts = group.gathered(Tensor([Int64(rowCount), Int64(held), sum == nil ? 0 : 1])).elements(
            as: Int64.self
        ).map(Int.init)
        let (all, heldCounts) = (stride(from: 0, to: counts.count, by: 3), stride(from: 1, to: counts.count, by: 3))
        rowCount = all.map { counts[$0] }.reduce(0, +)
        let hasSums = stride(from: 2, to: counts.count, by: 3).contains { counts[$0] > 0 }
        guard !hasSums, rowCount < dimension || dtype == .float64 else {
            group.sum(summed())
            return
        }
        let most = heldCounts.map { counts[$0] }.max() ?? 0
        let padding = Tensor.zeros([most - held, dimension], dtype: dtype, device: device)
        let gathered = group.gathered(.concatenated(rows + [padding], along: 0))
        rows = heldCounts.enumerated().map { rank, place in
            gathered.selected(0, rank).narrowed(0, to: 0..<counts[place])
        }
        condense(from: 2 * dimension)
    }

    /// Replaces the rows by as many as there are dimensions, from a number of them on.
    private func condense(from count: Int) {
        guard rows.map({ $0.size(0) }).reduce(0, +) >= count, let all = joinedRows else { return }
        rows = [all.qrTriangle()]
    }

    /// Adds rows, `[m, in]`.
    public func add(_ rows: Tensor) { add(Representation(rows: rows)) }

    /// The squared singular values of all rows so far, descending, without zeros for the dimensions that they do not reach.
    ///
    /// - Throws: `TorchError` if the decomposition fails, as with rows that are not finite.
    func energies() throws(TorchError) -> [Double] {
        try checkFinite(
            sum.map { Tensor.identity(dimension, dtype: .float64, device: device).dot($0).item() }
                ?? rows.map { $0.squaredNorm() }.total())
        if let sum { return try sum.symmetricEigen().values.doubles().reversed() }
        guard let rows = joinedRows else { return [] }
        return try rows.to(dtype: .float64).singularValueDecomposition().s.doubles().map { $0 * $0 }
    }

    /// The null space of all rows so far; see `InputNullSpace` for tau.
    ///
    /// - Throws: `TorchError` if the decomposition fails, as with rows that are not finite.
    public func nullSpace(tau: Double = 1) throws(TorchError) -> InputNullSpace {
        guard let sum else {
            let none = Tensor.zeros([0, dimension], dtype: dtype, device: device)
            condense(from: dimension + 1)
            return try InputNullSpace(
                ofFew: joinedRows ?? none, hasBias: hasBias, tau: tau, resolution: resolution)
        }
        guard try !isFullRank(sum, tau: tau) else {
            let nothing = Tensor.empty([dimension, 0], dtype: dtype, device: device)
            return InputNullSpace(basis: nothing, ofNullSpace: true, hasBias: hasBias)
        }
        let (values, vectors) = try sum.symmetricEigen()
        let k = significantRank(values.doubles().reversed(), tau: tau, resolution: resolution)
        let ofNullSpace = dimension - k < k
        // Eigenvalues ascend: the null space comes first.
        let basis = vectors.narrowed(1, to: ofNullSpace ? 0..<dimension - k : dimension - k..<dimension)
        return InputNullSpace(basis: basis.to(dtype: dtype), ofNullSpace: ofNullSpace, hasBias: hasBias)
    }

    private var joinedRows: Tensor? { rows.count > 1 ? .concatenated(rows, along: 0) : rows.first }

    /// Whether the smallest eigenvalue is beyond doubt too large to leave out, as it is for most convolutions on natural
    /// images. Then the sum less that much of the identity is positive definite, which Cholesky tells for far less time and
    /// memory than the eigenvectors take.
    ///
    /// - Throws: `TorchError` if the sum is not finite.
    private func isFullRank(_ sum: Tensor, tau: Double) throws(TorchError) -> Bool {
        let shifted = Tensor.identity(dimension, dtype: .float64, device: device)
        let energy = shifted.dot(sum).item()
        try checkFinite(energy)
        // The last term bounds Cholesky's own rounding errors.
        shifted.multiplyInPlace(by: -energy * (max(1 - tau, resolution) + Double(dimension + 1) * Double.ulpOfOne))
        shifted.addInPlace(sum)
        return shifted.isPositiveDefinite()
    }

    /// The inputs of those weights of a model that can move, over batches.
    static func ofMovableWeights(
        of model: some Layer, _ loss: some Loss, over batches: any Sequence<Batch>
    ) -> [(weight: Tensor, covariance: InputCovariance)] {
        var sums: [(weight: Tensor, covariance: InputCovariance)]?
        var group: ProcessGroup?
        for batch in batches {
            group = batch.shard?.group
            let linearized = LinearizedLoss(model, loss, on: batch)
            if sums == nil {
                sums = MovableWeight.behindOthers(in: linearized).map { ($0.weight, InputCovariance(of: $0)) }
            }
            // A sample that stands in is counted where it belongs.
            guard batch.ownCount > 0 else { continue }
            for site in linearized.model.sites {
                for (weight, covariance) in sums ?? [] where weight.isIdentical(to: site.weight) {
                    covariance.add(site.input)
                }
            }
        }
        if let group {
            for (_, covariance) in sums ?? [] { covariance.merge(over: group) }
        }
        return sums ?? []
    }
}

extension InputNullSpace {
    /// The null space of rows, one for each sample.
    ///
    /// - Parameters:
    ///   - rows: A, `[m, in]`.
    ///   - hasBias: Whether the map has a bias.
    ///   - tau: The share of the energy `sum sigma_i^2` of the rows that their significant space holds; NS25 eq. 3. At 1 it
    ///     is the whole row space: what is left out of the rows is of the size of their rounding errors.
    /// - Throws: `TorchError` if the decomposition fails, as with rows that are not finite.
    public init(of rows: Tensor, hasBias: Bool, tau: Double = 1) throws(TorchError) {
        let covariance = InputCovariance(
            columns: rows.size(1), hasBias: hasBias, dtype: rows.dtype, device: rows.device)
        guard rows.size(0) >= covariance.dimension else {
            try self.init(
                ofFew: hasBias ? rows.appendingOnes() : rows, hasBias: hasBias, tau: tau,
                resolution: rowResolution(count: rows.size(0), rows.dtype))
            return
        }
        covariance.add(rows)
        self = try covariance.nullSpace(tau: tau)
    }
}
