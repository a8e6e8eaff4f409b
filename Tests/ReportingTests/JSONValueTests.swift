import Foundation
import Testing

@testable import Reporting

@Suite struct JSONValueTests {
    @Test func everyKindOfValueIsKept() throws {
        let value: JSONValue = [
            "text": "a\"b", "number": 0.1, "integer": 3, "bool": true, "array": [1, 2.5, "x"], "object": ["k": nil],
            "null": nil,
        ]
        let data = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: data) == value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(JSONValue.number(.nan))) == .null)
    }
}
