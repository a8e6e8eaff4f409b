/// A number that JSON shows as null where it has no value: a non-finite `Double` (JSON has no NaN), or a missing
/// `Double?`.
///
/// The key stands in the file in every case, so readers find the same keys in every record. A null decodes as NaN, or
/// as nil where the property is optional.
@propertyWrapper
package struct JSONNumber<Value: NullableNumber>: Codable, Sendable {
    /// The number itself.
    package var wrappedValue: Value

    /// Wraps a number.
    package init(wrappedValue: Value) {
        self.wrappedValue = wrappedValue
    }

    /// Decodes a number or null.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = Value(finite: container.decodeNil() ? nil : try container.decode(Double.self))
    }

    /// Encodes the number where it is finite, else null.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let number = wrappedValue.finite {
            try container.encode(number)
        } else {
            try container.encodeNil()
        }
    }
}

extension JSONNumber: Equatable where Value: Equatable {}

/// What ``JSONNumber`` can wrap: `Double` and `Double?`.
package protocol NullableNumber: Sendable {
    /// From a finite number, or from none.
    init(finite: Double?)
    /// The number where there is one and it is finite.
    var finite: Double? { get }
}

extension Double: NullableNumber {
    /// The number, or NaN for none.
    package init(finite: Double?) { self = finite ?? .nan }
    /// Itself unless infinite or NaN.
    package var finite: Double? { isFinite ? self : nil }
}

extension Double?: NullableNumber {
    /// The number, or nil for none.
    package init(finite: Double?) { self = finite }
    /// Itself unless nil, infinite or NaN.
    package var finite: Double? { flatMap(\.finite) }
}
