import Torch

extension Tensor {
    /// Rows with a one at the end of each: `[m, d]` to `[m, d + 1]`, as a map reads them whose bias is its last column.
    func appendingOnes() -> Tensor {
        .concatenated([self, .ones([size(0), 1], dtype: dtype, device: device)], along: 1)
    }
}
