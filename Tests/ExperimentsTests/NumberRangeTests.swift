import Testing
import TextForms

@Suite struct NumberRangeTests {
    @Test(
        "Integers are read within their bounds, and which bound one is beyond is said",
        arguments: [
            ("1", 1, ""), ("1000000000", 1_000_000_000, ""), ("0", nil, "of at least 1"), ("1.5", nil, "of at least 1"),
            ("", nil, "of at least 1"), ("-9223372036854775809", nil, "of at least 1"),
            ("1000000001", nil, "of at most"),
            ("9223372036854775808", nil, "of at most"), ("1e30", nil, "of at most"), ("inf", nil, "of at most"),
            ("nan", nil, "of at least 1"),
        ] as [(String, Int?, String)])
    func integers(text: String, value: Int?, remedy: String) throws {
        func read() throws(TextError) -> Int {
            try NumberRange.integer(text, in: 1...NumberRange.largestInteger)
        }
        guard let value else {
            let error = #expect(throws: TextError.self) { try read() }
            #expect(error?.remedy.contains(remedy) == true, "\(String(describing: error))")
            return
        }
        #expect(try read() == value)
    }

    @Test("Bounds that are an option's own are both said")
    func ownBounds() {
        let error = #expect(throws: TextError.self) { try NumberRange.integer("2000", in: 1...1024) }
        #expect(error?.remedy == "give an integer from 1 to 1024")
    }

    @Test("Numbers above zero are those that single precision can multiply")
    func numbers() {
        for text in ["1e-30", "0.5", "1e30"] { #expect(NumberRange.positiveNumber(text) == Double(text)) }
        for text in ["0", "-1", "1e31", "9e-31", "inf", "nan", "x", ""] {
            #expect(NumberRange.positiveNumber(text) == nil)
        }
        #expect(NumberRange.contains(0) && NumberRange.contains(-2) && !NumberRange.contains(-1e39))
    }

    @Test("Which numbers there are is said of those that go farther, once")
    func range() {
        let far = TextError("fixed:1e39", "give fixed:ETA").namingRange
        #expect(far.remedy == "give fixed:ETA; numbers go from 1e-30 to 1e30" && far.namingRange == far)
        for text in ["fixed:x", "fixed:-2", "5", "fixed:nan"] {
            #expect(TextError(text, "give fixed:ETA").namingRange.remedy == "give fixed:ETA")
        }
    }
}
