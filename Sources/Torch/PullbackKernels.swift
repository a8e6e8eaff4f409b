import CTorch

extension Kernels {
    /// The gradients of the input, the weight and the bias of a layer, as far as they are asked for; nil for the others.
    ///
    /// - Parameters:
    ///   - needs: Which of them to compute.
    ///   - operation: What a failure is reported as.
    ///   - pullback: Calls libtorch with three flags, for what is asked for, and the places of the three results.
    static func gradients(
        _ needs: (input: Bool, weight: Bool, bias: Bool), _ operation: StaticString = #function,
        _ pullback: (UnsafePointer<Bool>?, inout ct_tensor?, inout ct_tensor?, inout ct_tensor?) -> Int32
    ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
        var results: (input: ct_tensor?, weight: ct_tensor?, bias: ct_tensor?)
        let status = withUnsafeTemporaryAllocation(of: Bool.self, capacity: 3) { wants in
            (wants[0], wants[1], wants[2]) = needs
            return pullback(wants.baseAddress, &results.input, &results.weight, &results.bias)
        }
        check(status, operation)
        return (
            results.input.map { Tensor($0) }, results.weight.map { Tensor($0) }, results.bias.map { Tensor($0) }
        )
    }
}
