import CTorch

extension Tensor {
    /// A step of a cell of long short-term memory (LSTM), as PyTorch's `LSTMCell` takes it; differentiable by autograd.
    ///
    /// With `[i f g o] = x W_x^T + b_x + h W_h^T + b_h`, in four parts, the cell becomes
    /// `sigmoid(f) c + sigmoid(i) tanh(g)`, and the hidden state the hyperbolic tangent of that, times `sigmoid(o)`.
    ///
    /// The receiver is x, `[B, in]`.
    ///
    /// - Parameters:
    ///   - hidden: h, `[B, H]`.
    ///   - cell: c, `[B, H]`.
    ///   - inputWeight: `W_x`, `[4 H, in]`.
    ///   - hiddenWeight: `W_h`, `[4 H, H]`.
    ///   - inputBias: `b_x`, `[4 H]`.
    ///   - hiddenBias: `b_h`, `[4 H]`, or one for each row, `[B, 4 H]`.
    /// - Returns: The next h and c.
    public func lstmCell(
        hidden: Tensor, cell: Tensor, inputWeight: Tensor, hiddenWeight: Tensor, inputBias: Tensor, hiddenBias: Tensor
    ) -> (hidden: Tensor, cell: Tensor) {
        var nextHidden: ct_tensor?
        var nextCell: ct_tensor?
        check(
            ct_lstm_cell(
                handle, hidden.handle, cell.handle, inputWeight.handle, hiddenWeight.handle, inputBias.handle,
                hiddenBias.handle, &nextHidden, &nextCell))
        return (Tensor(nextHidden), Tensor(nextCell))
    }
}
