import Torch

extension Layer {
    /// Traps if an input is not what the layer takes: libtorch's own message would name no layer. Asked at every pass, so the
    /// texts are made only where they are needed.
    ///
    /// - Parameters:
    ///   - x: The input.
    ///   - fits: Whether its shape is right.
    ///   - dtype: The element type that the layer takes; nil if it takes several.
    ///   - expected: The shape that the layer takes.
    func requireInput(_ x: Tensor, _ fits: Bool, of dtype: DType? = nil, _ expected: @autoclosure () -> String) {
        require(
            fits && (dtype == nil || x.dtype == dtype),
            "\(type(of: self)): an input of shape \(x.shape), \(x.dtype), instead of \(expected())"
                + (dtype.map { ", \($0)" } ?? ""))
    }
}
