/// Any JSON value: what a configuration holds, whatever its options are.
///
/// Literals make values directly: `["model": "mlp:1024,1024", "epochs": 5, "learningRate": 0.1]`. JSON does not tell
/// `5.0` from `5`, so a whole number decodes as ``integer(_:)``, and the two are equal.
package enum JSONValue: Sendable {
    /// A text.
    case string(String)
    /// A number with a fraction; a non-finite one is encoded as null.
    case number(Double)
    /// A whole number.
    case integer(Int)
    /// True or false.
    case bool(Bool)
    /// Values in order.
    case array([JSONValue])
    /// Values by name; written with the names sorted.
    case object([String: JSONValue])
    /// No value.
    case null
}

extension JSONValue: Hashable {
    /// Whether both are written alike.
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let number), .integer(let integer)), (.integer(let integer), .number(let number)):
            Int(exactly: number) == integer
        case (.bool(let left), .bool(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        case (.null, .null): true
        default: false
        }
    }

    /// Hashes what is compared.
    package func hash(into hasher: inout Hasher) {
        switch self {
        case .string(let value): hasher.combine(value)
        case .number(let value):
            if let integer = Int(exactly: value) { hasher.combine(integer) } else { hasher.combine(value) }
        case .integer(let value): hasher.combine(value)
        case .bool(let value): hasher.combine(value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        case .null: hasher.combine(0)
        }
    }
}

extension JSONValue: Codable {
    /// Decodes whichever value is there.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Encodes the plain value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .number(let value) where value.isFinite: try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        case .number, .null: try container.encodeNil()
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A text.
    package init(stringLiteral value: String) { self = .string(value) }
    /// A number with a fraction.
    package init(floatLiteral value: Double) { self = .number(value) }
    /// A whole number.
    package init(integerLiteral value: Int) { self = .integer(value) }
    /// True or false.
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Values in order.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Values by name; of equal names, the last counts.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
    /// No value.
    package init(nilLiteral: ()) { self = .null }
}

extension JSONValue {
    /// Numbers in order; those that are not finite are null.
    package static func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }

    /// Whole numbers in order.
    package static func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer($0) }) }
}

extension JSONValue {
    /// The value as people read it: a text without quotes, a list with commas between its values.
    package var text: String {
        switch self {
        case .string(let text): text
        case .number(let number): "\(number)"
        case .integer(let number): "\(number)"
        case .bool(let isSet): "\(isSet)"
        case .array(let values): values.map(\.text).joined(separator: ", ")
        case .object(let values):
            values.sorted { $0.key < $1.key }.map { "\($0): \($1.text)" }.joined(separator: ", ")
        case .null: "none"
        }
    }
}
