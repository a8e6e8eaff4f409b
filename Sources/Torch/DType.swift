/// The element type of a tensor.
public enum DType: Int32, Sendable, CaseIterable {
    /// Bytes, from 0 to 255.
    case uint8 = 0
    /// Integers of 64 bits: labels and indices.
    case int64 = 4
    /// Real numbers in half precision: weights as they are kept in files. Convert them for arithmetic, which the CPU has for
    /// some operations only.
    case float16 = 5
    /// Real numbers in single precision.
    case float32 = 6
    /// Real numbers in double precision.
    case float64 = 7
    /// True or false.
    case bool = 11
    /// Real numbers with the range of single precision and the first 8 of its binary digits: weights as they are kept in files.
    case bfloat16 = 15

    /// Bytes per element.
    public var byteCount: Int {
        switch self {
        case .uint8, .bool: 1
        case .float16, .bfloat16: 2
        case .float32: 4
        case .int64, .float64: 8
        }
    }

    /// Whether the elements are real numbers, so that there are derivatives with respect to them.
    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        case .uint8, .int64, .bool: false
        }
    }

    /// The gap between 1 and the next number of a floating-point type (1.2e-7 for `float32`); traps on the others.
    public var epsilon: Double {
        switch self {
        // Eleven and eight binary digits, the first of them implied.
        case .float16: 0x1p-10
        case .bfloat16: 0x1p-7
        case .float32: Double(Float.ulpOfOne)
        case .float64: Double.ulpOfOne
        case .uint8, .int64, .bool: fatalError("\(self) is not a floating-point type and has no epsilon")
        }
    }
}

/// A Swift type that a tensor can be made from and read into.
public protocol TensorElement: Sendable {
    /// The element type of tensors with these elements.
    static var dtype: DType { get }
}

extension UInt8: TensorElement {
    /// The element type of tensors of these.
    public static var dtype: DType { .uint8 }
}
extension Int64: TensorElement {
    /// The element type of tensors of these.
    public static var dtype: DType { .int64 }
}
extension Float: TensorElement {
    /// The element type of tensors of these.
    public static var dtype: DType { .float32 }
}
extension Double: TensorElement {
    /// The element type of tensors of these.
    public static var dtype: DType { .float64 }
}
