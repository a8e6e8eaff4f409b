import NeuralNetworks
import Torch

/// Windows of a multivariate series, each with a later point of the series to forecast (NS25, A.5).
///
/// The series is kept once, whatever the length of the windows, and a batch is gathered from its rows: sample i is the
/// rows `i..<i + W`, and its target is the row `horizon` steps after the last of them.
public struct SeriesDataset: Dataset {
    /// The series, `float32` or `float64`, `[L, D]`.
    public let values: Tensor
    /// The rows in a window, W.
    public let windowLength: Int
    /// The steps from the last row of a window to its target.
    public let horizon: Int
    /// The floating-point type of the inputs and targets of a batch.
    public let dtype: DType

    /// A week of hours.
    public static let defaultWindowLength = 7 * 24
    /// A day of hours.
    public static let defaultHorizon = 24

    /// The windows of a series.
    ///
    /// - Parameters:
    ///   - values: `float32` or `float64`, `[L, D]`.
    ///   - windowLength: The rows in a window, at least 1.
    ///   - horizon: The steps from the last row of a window to its target, at least 1.
    ///   - dtype: The type of the inputs and targets of a batch, `float32` or `float64`.
    public init(
        _ values: Tensor, windowLength: Int = defaultWindowLength, horizon: Int = defaultHorizon,
        dtype: DType = .float32
    ) {
        require(values.rank == 2, "a series is [L, D], not \(values.shape)")
        require(values.dtype == .float32 || values.dtype == .float64, "a series of \(values.dtype)")
        require(windowLength >= 1 && horizon >= 1, "windows of \(windowLength) rows with a horizon of \(horizon)")
        require(dtype == .float32 || dtype == .float64, "inputs of \(dtype)")
        self.values = values
        self.windowLength = windowLength
        self.horizon = horizon
        self.dtype = dtype
    }

    /// The number of windows whose target is in the series, `L - W - horizon + 1`, or 0 if that is negative.
    public var count: Int { max(values.size(0) - windowLength - horizon + 1, 0) }

    /// The shape of one window, `[W, D]`.
    public var inputShape: [Int] { [windowLength, values.size(1)] }

    /// Regression of all variables.
    public var task: LearningTask { .regression(outputs: values.size(1)) }

    /// The windows at `indices` (`int64`, `[n]`) as `[n, W, D]`, and the rows to forecast, `[n, D]`, both of `dtype`.
    public func batch(_ indices: Tensor) -> Batch {
        let starts = indices.to(device: values.device)
        let rows = starts.expanded(at: 1) + Tensor.range(windowLength, device: values.device)
        let inputs = values.gathered(0, rows.flattened()).reshaped([starts.count] + inputShape)
        let targets = values.narrowed(0, to: min(windowLength + horizon - 1, values.size(0))..<values.size(0))
        return Batch(inputs: inputs.to(dtype: dtype), targets: targets.gathered(0, starts).to(dtype: dtype))
    }

    /// The first `length` windows, or all if there are fewer; they share the storage of this data set.
    public func prefix(_ length: Int) -> SeriesDataset {
        let rowCount = min(length + windowLength + horizon - 1, values.size(0))
        return SeriesDataset(
            values.narrowed(0, to: 0..<rowCount), windowLength: windowLength, horizon: horizon, dtype: dtype)
    }

    /// The same windows with batches of another floating-point type, on another device, or both.
    public func to(dtype: DType?, device: Device?) -> SeriesDataset {
        SeriesDataset(
            values.to(device: device), windowLength: windowLength, horizon: horizon, dtype: dtype ?? self.dtype)
    }
}

extension SeriesDataset {
    /// A series in two parts by time, its columns standardized.
    ///
    /// The first 70 % of the rows are to train on and the last 20 % to forecast in tests; the 10 % between them, which are
    /// usually for validation, are left out. The targets of the test set are all rows of its part, so that its first
    /// windows reach back before it. Each column is standardized with its mean and standard deviation in the rows to
    /// train on; one that is constant there is divided by 1.
    ///
    /// - Parameters:
    ///   - name: The name of the data set.
    ///   - values: `float32` or `float64`, `[L, D]`.
    ///   - windowLength: The rows in a window, at least 1.
    ///   - horizon: The steps from the last row of a window to its target, at least 1.
    /// - Returns: nil if the series is shorter than `minimumRowCount(windowLength:horizon:)`.
    public static func split(
        named name: String, of values: Tensor, windowLength: Int = defaultWindowLength, horizon: Int = defaultHorizon
    ) -> Split<SeriesDataset>? {
        let rowCount = values.size(0)
        guard rowCount >= minimumRowCount(windowLength: windowLength, horizon: horizon) else { return nil }
        let trainCount = rowCount * 7 / 10
        let testCount = rowCount / 5
        let standardized = standardized(values, with: values.narrowed(0, to: 0..<trainCount))
        func part(_ rows: Range<Int>) -> SeriesDataset {
            SeriesDataset(standardized.narrowed(0, to: rows), windowLength: windowLength, horizon: horizon)
        }
        return Split(
            name: name, train: part(0..<trainCount),
            test: part(rowCount - testCount - windowLength - horizon + 1..<rowCount))
    }

    /// The rows that a series must have for one sample in each part of its split.
    public static func minimumRowCount(
        windowLength: Int = defaultWindowLength, horizon: Int = defaultHorizon
    ) -> Int {
        // Where 7/10 of the rows, rounded down, hold a window and its target. Of 5 rows or more, 1/5 hold a target.
        max((10 * (windowLength + horizon) + 6) / 7, 5)
    }

    /// The columns of `values` less their means in `reference`, divided by their standard deviations there.
    private static func standardized(_ values: Tensor, with reference: Tensor) -> Tensor {
        let count = Double(reference.size(0))
        // Less the first row, a constant column is zero and has a deviation of exactly 0.
        let origin = reference.narrowed(0, to: 0..<1)
        func mean(_ terms: (_ rows: Tensor) -> Tensor) -> Tensor {
            let sum = Tensor.zeros(like: origin)
            for rows in blocks(of: reference) { sum.addInPlace(terms(rows).sum(along: [0], keepingDimensions: true)) }
            return sum / count
        }
        let centre = origin + mean { $0 - origin }
        let deviation = mean { rows in
            let centred = rows - centre
            return centred * centred
        }.squareRoot()
        let isConstant = deviation.equals(Tensor.zeros(like: deviation)).to(dtype: deviation.dtype)
        let divisor = deviation + isConstant
        let result = Tensor.empty(values.shape, dtype: values.dtype, device: values.device)
        for (source, target) in zip(blocks(of: values), blocks(of: result)) {
            target.copy(from: (source - centre) / divisor)
        }
        return result
    }

    /// Some rows at a time, few enough that they are in the cache of the processor from one operation to the next.
    private static func blocks(of values: Tensor) -> [Tensor] {
        let rowCount = values.size(0)
        let step = max((1 << 15) / max(values.size(1), 1), 1)
        return stride(from: 0, to: rowCount, by: step).map {
            values.narrowed(0, to: $0..<min($0 + step, rowCount))
        }
    }
}
