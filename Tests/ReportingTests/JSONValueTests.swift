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

    @Test("What is written alike is equal: a whole number is one, however it was made")
    func wholeNumbers() throws {
        let written: JSONValue = ["learning-rate": .number(1), "share": .number(0.5), "list": [.number(-2)]]
        let read = try JSONDecoder().decode(JSONValue.self, from: written.json())
        #expect(read == written && Set([read, written]).count == 1)
        #expect(JSONValue.number(1.5) != .integer(1) && JSONValue.number(1) != .integer(2))
        #expect(JSONValue.number(.infinity) != .integer(1) && JSONValue.null != .bool(false))
    }
}
