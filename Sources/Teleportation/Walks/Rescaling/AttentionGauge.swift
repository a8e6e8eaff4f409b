import NeuralNetworks
import Torch

/// The changes of basis in the heads of an attention layer: GL(d) between the queries and the keys of each head, or between its
/// values and the columns of the output projection that read them.
///
/// Queries, keys and values of head h are `W x + b` with d rows each of the input projection. With `exp(M)` on the queries and
/// `exp(-M^T)` on the keys every product `<q, k>` stays; with `exp(M)` on the values and `exp(-M)` behind the columns the output
/// does.
struct AttentionGauge: Gauge {
    /// Where a group acts.
    enum Part: CaseIterable {
        /// On queries and keys.
        case scores
        /// On values and output projection.
        case values
    }

    let part: Part
    let heads: Int
    /// `[3 D, inputs]`: queries, keys and values of all heads.
    let inWeight: Tensor
    /// `[3 D]`.
    let inBias: Tensor?
    /// `[outputs, D]`.
    let outWeight: Tensor

    /// d, the features of a head.
    private var headDimension: Int { inWeight.size(0) / (3 * heads) }

    var dimension: Int { heads * headDimension }

    /// `G_q W_q^T - W_k G_k^T`, with biases as columns of the weights, or `G_v W_v^T - W_o^T G_o`, for each head: `[H, d, d]`.
    func derivative(of gradient: Gradients) -> Tensor {
        let zeros = Tensor.zeros([heads, headDimension, headDimension], dtype: .float64, device: inWeight.device)
        /// `sum G W^T` over the rows of a third of the input projection.
        func product(_ index: Int) -> Tensor {
            [inWeight, inBias].compactMap(\.self).compactMap { parameter in
                gradient[parameter].map { slope in
                    rows(index, of: slope.formed()).to(dtype: .float64)
                        .matmul(rows(index, of: parameter).to(dtype: .float64).transposed())
                }
            }.reduce(zeros) { $0 + $1 }
        }
        switch part {
        case .scores: return product(0) - product(1).transposed()
        case .values:
            guard let slope = gradient[outWeight] else { return product(2) }
            let away = columns(of: outWeight).to(dtype: .float64)
            return product(2) - away.transposed().matmul(columns(of: slope.formed()).to(dtype: .float64))
        }
    }

    func act(by logarithm: Tensor) {
        let (forward, backward) = (logarithm.matrixExponential(), (logarithm * -1).matrixExponential())
        switch part {
        case .scores:
            multiplyRows(0, by: forward)
            multiplyRows(1, by: backward.transposed())
        case .values:
            multiplyRows(2, by: forward)
            let columns = columns(of: outWeight)
            let moved = columns.to(dtype: .float64).matmul(backward).to(dtype: outWeight.dtype)
            outWeight.copy(from: moved.transposed(0, 1).reshaped(outWeight.shape))
        }
    }

    /// The rows of queries, keys or values, `[H, d, inputs]`, of a bias `[H, d, 1]`.
    private func rows(_ index: Int, of parameter: Tensor) -> Tensor {
        parameter.reshaped([3, heads, headDimension, -1]).selected(0, index)
    }

    /// The columns that read each head, `[H, outputs, d]`.
    private func columns(of weight: Tensor) -> Tensor {
        weight.reshaped([weight.size(0), heads, headDimension]).transposed(0, 1)
    }

    private func multiplyRows(_ index: Int, by factors: Tensor) {
        for parameter in [inWeight, inBias].compactMap(\.self) {
            let moved = factors.matmul(rows(index, of: parameter).to(dtype: .float64)).to(dtype: parameter.dtype)
            let size = parameter.size(0) / 3
            let part = parameter.narrowed(0, to: index * size..<(index + 1) * size)
            part.copy(from: moved.reshaped(part.shape))
        }
    }
}
