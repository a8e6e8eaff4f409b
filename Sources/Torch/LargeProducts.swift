import CTorch

/// Products of matrices in single precision on the CPU, by the kernel that is the fastest on this processor.
extension Tensor {
    // MARK: AMD's processors

    /// Whether oneDNN multiplies these rows by a matrix of so many columns faster than MKL, which libtorch takes.
    ///
    /// On an AMD EPYC it takes 0.85 to 0.9 of the time where both are large. Of few rows it takes 0.65 to 0.75 with two threads, which
    /// MKL lets share the matrix otherwise in each direction: from a forward pass to a pull-back and an update its elements wander from
    /// one core's cache to the other's. It is no faster below five million products of elements, of single rows or columns, or where
    /// the rows lie by columns, of which it makes a copy; for a matrix that is a part of another's columns it has no vectors, and takes thirty
    /// times as long. On Intel's processors nobody has measured it.
    func isFaster(byOneDNN matrix: Tensor, columns: Int) -> Bool {
        Self.hasOneDNN && count * columns >= 5_000_000 && columns > 7 && size(-1) > 7 && count / size(-1) > 3
            && isSingleOnCPU && matrix.isSingleOnCPU && ct_is_contiguous(handle) && ct_is_dense(matrix.handle)
            && !isFollowed && !matrix.isFollowed
    }

    /// `self weight^T + bias` by oneDNN, as `linear`.
    func linearByOneDNN(_ weight: Tensor, _ bias: Tensor?) -> Tensor {
        Tensor(ct_onednn_linear(handle, weight.handle, bias?.handle))
    }

    static let hasOneDNN = ct_cpu_is_amd() && ct_has_onednn_linear()

    // MARK: Others

    /// Whether `W x^T` is faster than `x W^T`: where a large weight comes transposed, MKL copies all of it before it multiplies, which with
    /// few rows takes as long as the product. Measured on an Intel Xeon with one thread and with two, the other way round is 1.3 to 1.8
    /// times as fast with 16 to 32 rows, and no faster with 4 or 64, in double precision, or where the weight is small.
    func isFewRows(for weight: Tensor) -> Bool {
        rank == 2 && (12...48).contains(size(0)) && weight.count >= 512 * 512 && isSingleOnCPU
            && weight.isSingleOnCPU
    }

    /// `W x^T`, transposed, and the bias.
    func fewRowsLinear(_ weight: Tensor, _ bias: Tensor?) -> Tensor {
        let columns = weight.matmul(transposed())
        if let bias { columns.addInPlace(bias.expanded(at: 1)) }
        // Elementwise kernels are several times as slow where one operand lies by rows and the other by columns.
        return columns.transposed().contiguous()
    }

    private var isSingleOnCPU: Bool { dtype == .float32 && device == .cpu }
}
