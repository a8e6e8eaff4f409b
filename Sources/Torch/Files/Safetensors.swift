import Foundation

/// Tensors under names, with the texts that go with them, as a safetensors file holds them: what PyTorch users save models in.
///
/// ```swift
/// var file = try Safetensors(contentsOf: URL(fileURLWithPath: "model.safetensors"))
/// file.tensors["head.bias"]?.fill(0)
/// try file.write(to: URL(fileURLWithPath: "changed.safetensors"))
/// ```
///
/// In Python these are `safetensors.torch.load_file` and `save_file`. One tensor may have several names, as tied weights do:
/// the file then has it once, and the metadata say which other names it has, as with `save_model`.
public struct Safetensors {
    /// The tensors; those of a file are on the CPU.
    public var tensors: [String: Tensor]
    /// The texts, without those that give a tensor another name.
    public var metadata: [String: String]

    /// Tensors and texts that are to be written.
    public init(tensors: [String: Tensor], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    // MARK: Reading

    /// Reads a file; the tensors are copies, so that it may change afterwards.
    ///
    /// While it is read, the file is mapped and must not become shorter.
    ///
    /// - Throws: `SafetensorsError` if the file is not there, cannot be read, or is not sound: nothing in it is taken on trust.
    public init(contentsOf file: URL) throws(SafetensorsError) {
        do { self = try Self.read(file.path) } catch { throw SafetensorsError(path: file.path, error) }
    }

    private static func read(_ path: String) throws(SafetensorsDefect) -> Safetensors {
        // Without O_NONBLOCK, opening a named pipe would wait for a writer before it can be refused.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? .missing : .unreadable(TorchError.system(errno).description)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(TorchError.system(errno).description) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile }
        // Nothing cannot be mapped.
        guard status.st_size > 0 else { throw .noHeaderLength(byteCount: 0) }
        let mapping: FileMapping
        do { mapping = try FileMapping(of: descriptor, byteCount: Int(status.st_size)) } catch {
            throw .unreadable(error.description)
        }
        defer { withExtendedLifetime(mapping) {} }
        return try Safetensors(bytes: mapping.bytes)
    }

    /// Reads the bytes of a file.
    init(bytes: UnsafeRawBufferPointer) throws(SafetensorsDefect) {
        let (header, data) = try SafetensorsHeader.read(bytes)
        self.init(tensors: [:], metadata: header.metadata)
        for entry in header.entries {
            let elements = UnsafeRawBufferPointer(rebasing: data[entry.bytes])
            if entry.dtype == .bool, let byte = elements.first(where: { $0 > 1 }) {
                throw .tensor(name: entry.name, .notABoolean(byte))
            }
            tensors[entry.name] = Tensor(bytes: elements, shape: entry.shape, dtype: entry.dtype)
        }
        let own = tensors
        for (name, kept) in header.metadata where own[name] == nil && own[kept] != nil {
            tensors[name] = own[kept]
            metadata[name] = nil
        }
    }

    // MARK: Writing

    /// Writes a file: under another name first, which it has until it is complete and on the disk. Where that fails, a file that
    /// was there is as it was.
    ///
    /// Tensors are written from any device and in row-major order, and come in the order of Python's library: by type, then
    /// by name. One that has several names is written under the first of them. So the same tensors and texts make the same
    /// file, to the byte.
    ///
    /// - Throws: `SafetensorsError` if the file cannot be written, or two tensors have only a part of their memory in common.
    public func write(to file: URL) throws(SafetensorsError) {
        do { try write(file.path) } catch { throw SafetensorsError(path: file.path, error) }
    }

    private func write(_ path: String) throws(SafetensorsDefect) {
        let header = try header()
        do throws(TorchError) {
            let file = try ReplacementFile(at: path)
            try file.write(header.encoded)
            for entry in header.entries {
                try tensors[entry.name]!.withBytes { bytes throws(TorchError) in try file.write(bytes) }
            }
            try file.putInPlace()
        } catch {
            throw .unwritable(error.description)
        }
    }

    /// What stands before the data.
    private func header() throws(SafetensorsDefect) -> SafetensorsHeader {
        guard tensors[SafetensorsHeader.metadataName] == nil else { throw .reservedName }
        let (kept, aliases) = try tensorsAndAliases()
        let order = kept.sorted { first, second in
            let (rank, other) = (first.layout.dtype.safetensorsRank, second.layout.dtype.safetensorsRank)
            return rank < other || rank == other && first.name.precedes(second.name)
        }
        var end = 0
        let entries = order.map { name, layout in
            let start = end
            end += layout.shape.reduce(layout.dtype.byteCount, *)
            return SafetensorsHeader.Entry(name: name, dtype: layout.dtype, shape: layout.shape, bytes: start..<end)
        }
        return SafetensorsHeader(entries: entries, metadata: metadata.merging(aliases) { _, alias in alias })
    }

    /// The tensors that the file is to have, and the name under which it has another one's elements.
    private func tensorsAndAliases() throws(SafetensorsDefect) -> (
        tensors: [(name: String, layout: TensorLayout)], aliases: [String: String]
    ) {
        var names: [TensorLayout: String] = [:]
        var aliases: [String: String] = [:]
        for name in tensors.keys.sorted(by: { $0.precedes($1) }) {
            let layout = TensorLayout(of: tensors[name]!)
            guard let kept = names[layout] else {
                names[layout] = name
                continue
            }
            guard metadata[name] == nil || metadata[name] == kept else {
                throw .metadataInTheWay(name: name, kept: kept)
            }
            aliases[name] = kept
        }
        for (name, text) in metadata where tensors[name] == nil && tensors[text] != nil && aliases[text] == nil {
            throw .metadataReadAsTensor(name: name, kept: text)
        }
        let kept = names.map { (name: $1, layout: $0) }
        let places = kept.filter { !$0.layout.addresses.isEmpty }.sorted {
            ($0.layout.storage, $0.layout.addresses.lowerBound) < ($1.layout.storage, $1.layout.addresses.lowerBound)
        }
        for (first, second) in zip(places, places.dropFirst())
        where first.layout.storage == second.layout.storage && first.layout.addresses.overlaps(second.layout.addresses)
        {
            throw .overlappingTensors(name: first.name, other: second.name)
        }
        return (kept, aliases)
    }
}
