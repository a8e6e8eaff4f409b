import Torch

/// The tensors of a model under the names of PyTorch's `state_dict`, as files of weights hold them, and the way into a model and
/// back.
///
/// The layers of this library name, shape and lay out their tensors as PyTorch's do: `Dense` as `Linear`, `Convolution` as
/// `Conv2d`, `BatchNormalization` as `BatchNorm2d` with its running statistics, `LayerNormalization` as `LayerNorm`,
/// `Embedding` and `MultiHeadAttention` as theirs, and `Sequential` as `Sequential`. So weights of a PyTorch model go into one of the same
/// layers:
///
/// ```swift
/// let weights = StateDictionary(try Safetensors(contentsOf: URL(fileURLWithPath: "model.safetensors")))
/// try weights.load(into: model)
/// // ... the model moves ...
/// try weights.updated(from: model).write(to: URL(fileURLWithPath: "moved.safetensors"))
/// ```
///
/// What `torch.compile` and data parallelism put before all names, `_orig_mod.` and `module.` in any order, is understood and
/// stays. So does the count of batches of `BatchNorm2d`, `num_batches_tracked`, for which the layer here has no use.
public struct StateDictionary {
    /// The tensors as they came, and the texts that go with them.
    public let file: Safetensors

    /// The tensors of a file.
    public init(_ file: Safetensors) { self.file = file }

    /// The tensors of a model, which share its storage: a file that is written of them has what they are then.
    public init(of model: some Layer) {
        let tensors = (model.parameters + model.buffers).map { ($0.name, $0.value) }
        // Python's libraries ask for this text.
        file = Safetensors(tensors: Dictionary(tensors) { first, _ in first }, metadata: ["format": "pt"])
    }

    /// Sets the parameters and buffers of a model to these, converted to the model's types; all of them or, where it throws, none.
    ///
    /// - Throws: `StateDictionaryError` if a tensor is missing, has another shape than the model's, or is none of the model's.
    public func load(into model: some Layer) throws(StateDictionaryError) {
        for (parameter, name) in try names(in: model) { parameter.value.copy(from: file.tensors[name]!) }
    }

    /// The same file with the tensors as they are in a model now: under the same names, in the same types, with all else that it
    /// had.
    ///
    /// Weights in half precision are the exception: rounded to it, a model would not be where a teleport has led, so that
    /// they are written in single precision unless told otherwise.
    ///
    /// - Parameters:
    ///   - model: A model that the file can be loaded into.
    ///   - keepsHalfPrecision: Whether what came as `float16` or `bfloat16` is to be of that type again.
    /// - Throws: `StateDictionaryError` if the file is not one of such a model.
    public func updated(
        from model: some Layer, keepsHalfPrecision: Bool = false
    ) throws(StateDictionaryError) -> Safetensors {
        var updated = file
        for (parameter, name) in try names(in: model) {
            let former = file.tensors[name]!
            let isHalf = former.dtype.byteCount < DType.float32.byteCount
            let value = parameter.value.to(dtype: isHalf && !keepsHalfPrecision ? .float32 : former.dtype, device: .cpu)
            let copy = value.sharesStorage(with: parameter.value) ? value.clone() : value
            for (other, tensor) in file.tensors where tensor.isIdentical(to: former) { updated.tensors[other] = copy }
        }
        return updated
    }

    /// The tensor of a name, whatever wrappers of modules put before it; nil if there is none.
    package func tensor(_ name: String) -> Tensor? {
        file.tensors.first { Self.strippingWrappers($0.key) == name }?.value
    }

    // MARK: Names

    /// What wrappers of modules put before the names of all tensors.
    private static let wrappers = ["module.", "_orig_mod."]

    /// The tensors of a model with their names in the file.
    private func names(
        in model: some Layer
    ) throws(StateDictionaryError) -> [(parameter: Parameter, name: String)] {
        let own = model.parameters + model.buffers
        let prefix = prefix(before: Set(own.map(\.name)))
        let names = own.map { (parameter: $0, name: prefix + $0.name) }
        var error = StateDictionaryError()
        // The names under which each tensor of the file is one of the model.
        var uses: [(tensor: Tensor, name: String)] = []
        for (parameter, name) in names {
            guard let tensor = file.tensors[name] else {
                error.missing.append(name)
                continue
            }
            if tensor.shape != parameter.value.shape || !tensor.dtype.isFloatingPoint {
                error.misfits.append(
                    .init(name: name, shape: tensor.shape, dtype: tensor.dtype, expectedShape: parameter.value.shape))
            }
            if let other = uses.first(where: { $0.tensor.isIdentical(to: tensor) }) {
                error.ties.append(.init(name: name, other: other.name))
            } else {
                uses.append((tensor, name))
            }
        }
        let known = Set(names.map(\.name))
        for (name, tensor) in file.tensors where !known.contains(name) {
            let isOtherName = uses.contains { $0.tensor.isIdentical(to: tensor) }
            guard !isOtherName, !Self.countsBatches(name, beside: known) else { continue }
            error.unexpected.append(name)
        }
        error.unexpected.sort()
        if !error.isEmpty { throw error }
        return names
    }

    /// What stands before the names of a model in those of the file.
    private func prefix(before names: Set<String>) -> String {
        var prefix = ""
        while true {
            let rests = file.tensors.keys.map { String($0.dropFirst(prefix.count)) }
            guard !rests.contains(where: names.contains),
                let wrapper = Self.wrappers.first(where: { wrapper in rests.allSatisfy { $0.hasPrefix(wrapper) } }),
                !rests.isEmpty
            else { return prefix }
            prefix += wrapper
        }
    }

    private static func strippingWrappers(_ name: String) -> String {
        guard let wrapper = wrappers.first(where: name.hasPrefix) else { return name }
        return strippingWrappers(String(name.dropFirst(wrapper.count)))
    }

    /// Whether a name is that of the count that a batch normalization of PyTorch keeps beside its running statistics.
    private static func countsBatches(_ name: String, beside known: Set<String>) -> Bool {
        let count = "num_batches_tracked"
        return name.hasSuffix(count) && known.contains(name.dropLast(count.count) + "running_mean")
    }
}
