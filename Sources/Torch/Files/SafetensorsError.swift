/// Why a safetensors file could not be read or written; the description is one sentence that names the file, what is wrong
/// and a remedy.
public struct SafetensorsError: Error, Hashable, Sendable {
    /// The file.
    public let path: String
    /// What is wrong.
    public let defect: SafetensorsDefect

    /// An error about a file.
    public init(path: String, _ defect: SafetensorsDefect) {
        self.path = path
        self.defect = defect
    }
}

/// What is wrong with a safetensors file, or with what is to be one.
public enum SafetensorsDefect: Error, Hashable, Sendable {
    /// There is no such file.
    case missing
    /// It is a folder, a device or a pipe.
    case notARegularFile
    /// The operating system does not let it be read, for the reason given.
    case unreadable(String)
    /// It is what `torch.save` writes.
    case torchSave
    /// Fewer bytes than the length of a header takes.
    case noHeaderLength(byteCount: Int)
    /// The header is longer than any is.
    case headerTooLong(byteCount: UInt64)
    /// The file ends within the header.
    case truncatedHeader(byteCount: Int, expected: Int)
    /// The header does not begin as an object does.
    case notAnObject
    /// The header is not JSON; the byte of it where something else was expected.
    case notJSON(position: Int, expected: String)
    /// Two tensors, two texts or two fields have this name; for Unicode, names may be the same that differ in their bytes.
    case duplicateName(String)
    /// The metadata are not an object.
    case metadataNotAnObject
    /// What the metadata have under this name is not a text.
    case metadataNotAText(name: String)
    /// What the header says of a tensor.
    case tensor(name: String, TensorDefect)
    /// Bytes that belong to no tensor, from the beginning of the data on.
    case unusedBytes(Range<Int>)
    /// The operating system does not let it be written, for the reason given.
    case unwritable(String)
    /// Two tensors have some of their elements, or the memory between them, in common, and not all.
    case overlappingTensors(name: String, other: String)
    /// The metadata have a text of their own where it must stand that a tensor is the same as another one.
    case metadataInTheWay(name: String, kept: String)
    /// The metadata would be read as saying that a tensor that is not there is the same as one that is.
    case metadataReadAsTensor(name: String, kept: String)
    /// A tensor has the name that the metadata have in the file.
    case reservedName
}

/// What is wrong with what a safetensors header says of a tensor.
public enum TensorDefect: Hashable, Sendable {
    /// It is not an object.
    case notAnObject
    /// A field is not there.
    case missingField(String)
    /// A field has another kind of value than it should.
    case wrongField(String, expected: String)
    /// No element type that can be read.
    case unknownElementType(String)
    /// More elements than can be counted.
    case tooManyElements(shape: [Int])
    /// The bytes end before they begin, or beyond the file.
    case wrongRange(from: Int, to: Int, byteCount: Int)
    /// Not as many bytes as the elements take.
    case wrongByteCount(Int, expected: Int, shape: [Int], dtype: DType)
    /// Some of its bytes belong to another tensor.
    case overlaps(String)
    /// An element that is neither true nor false.
    case notABoolean(UInt8)
}

extension SafetensorsError: CustomStringConvertible {
    /// One sentence for the user.
    public var description: String { "\(path): \(defect)" }
}

extension SafetensorsDefect: CustomStringConvertible {
    /// What is wrong and how to mend it, without the name of the file.
    public var description: String {
        switch self {
        case .missing: "no such file; check the path"
        case .notARegularFile: "not a regular file; name a safetensors file"
        case .unreadable(let reason): "cannot be read (\(reason)); check its permissions"
        case .torchSave:
            "a file of torch.save, not a safetensors file; convert it in Python: "
                + "safetensors.torch.save_file(torch.load(FILE, weights_only=True), NEW)"
        case .noHeaderLength(let count):
            "\(count) bytes, expected at least 8 for the length of the header; copy or save the file again"
        case .headerTooLong(let count):
            "the header is to have \(count) bytes, expected at most \(SafetensorsHeader.byteLimit); check that it is a safetensors "
                + "file"
        case .truncatedHeader(let count, let expected):
            "the file ends after \(count) bytes, within the header, which ends after \(expected); copy or save it again"
        case .notAnObject: "the header does not begin with '{'; check that it is a safetensors file"
        case .notJSON(let position, let expected):
            "byte \(position) of the header is not what JSON has there, expected \(expected); save the file again"
        case .duplicateName(let name):
            "the header has the name \(name.quoted) twice, and which one is meant is not said; save the file again under other "
                + "names"
        case .metadataNotAnObject: "__metadata__ in the header is not an object of texts; save the file again"
        case .metadataNotAText(let name):
            "__metadata__ has something else than a text under \(name.quoted); save it as a text"
        case .tensor(let name, let defect): "tensor \(name.quoted) \(defect)"
        case .unusedBytes(let range):
            "bytes \(range.lowerBound) to \(range.upperBound) of the data belong to no tensor; save the file again"
        case .unwritable(let reason): "cannot be written (\(reason)); check the folder, its permissions and its room"
        case .overlappingTensors(let name, let other):
            "tensors \(other.quoted) and \(name.quoted) have some of their memory in common and not all, which the file cannot "
                + "say; clone one of them"
        case .metadataInTheWay(let name, let kept):
            "the metadata have a text under \(name.quoted), where it must stand that this tensor is the same as \(kept.quoted); "
                + "rename the text"
        case .metadataReadAsTensor(let name, let kept):
            "the metadata's \(name.quoted): \(kept.quoted) would be read as another name of tensor \(kept.quoted); rename the text"
        case .reservedName: "\"__metadata__\" is no name for a tensor, since the metadata have it; rename the tensor"
        }
    }
}

extension TensorDefect: CustomStringConvertible {
    /// What is wrong and how to mend it, to go behind the name of the tensor.
    public var description: String {
        switch self {
        case .notAnObject: "is not described by an object; save the file again"
        case .missingField(let field): "has no \(field); save the file again"
        case .wrongField(let field, let expected): "has a \(field) that is not \(expected); save the file again"
        case .unknownElementType(let name):
            "has elements of type \(name.quoted), expected one of \(DType.safetensorsNames.joined(separator: ", ")); convert it "
                + "before saving"
        case .tooManyElements(let shape):
            "is of shape \(shape), which has more elements than can be counted; save the file again"
        case .wrongRange(let start, let end, let count):
            "has the data from byte \(start) to \(end), expected a range within the \(count) bytes that are there; copy or save "
                + "the file again"
        case .wrongByteCount(let count, let expected, let shape, let dtype):
            "has \(count) bytes, expected \(expected) for shape \(shape) of \(dtype); save the file again"
        case .overlaps(let other): "has bytes of tensor \(other.quoted); save the file again"
        case .notABoolean(let byte): "is of type BOOL and has the byte \(byte), expected 0 or 1; save the file again"
        }
    }
}

extension String {
    /// In quotation marks on one line, however long it is and whatever is in it.
    fileprivate var quoted: String {
        var scalars = unicodeScalars.prefix(201)
        if scalars.count > 200 { scalars = (scalars.dropLast() + "...".unicodeScalars)[...] }
        let quoted = String(scalars).debugDescription
        // Of what ends a line it escapes what ASCII has.
        return quoted.map { $0.isNewline ? $0.unicodeScalars.map { $0.escaped(asASCII: true) }.joined() : String($0) }
            .joined()
    }
}
