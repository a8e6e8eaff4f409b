import Testing

@testable import Reporting

@Suite struct NumberTextTests {
    @Test(arguments: [
        (0.0716, "0.07160"), (0.99996, "1.000"), (12.345, "12.35"), (1234.5678, "1235"), (123456, "123456"),
        (1.5e-6, "1.500e-06"), (2e9, "2.000e+09"), (0, "0"), (-0.5, "-0.5000"), (.nan, "nan"), (.infinity, "inf"),
    ])
    func significantDigits(value: Double, text: String) {
        #expect(value.significant() == text)
    }

    @Test func percentagesAndDurations() {
        #expect(0.97861.percent() == "97.86 %")
        #expect(1.0.percent() == "100.0 %")
        #expect(0.0213.percent(3) == "2.1 %")
        #expect(0.0.percent(3) == "0.0 %")
        #expect(0.0004.percent(3) == "0.0 %")
        #expect((-0.0004).percent(3) == "0.0 %")
        #expect((-0.0006).percent(3) == "-0.1 %")
        #expect(5.4.duration() == "0:05")
        #expect(754.0.duration() == "12:34")
        #expect(3723.0.duration() == "1:02:03")
        #expect(Double.infinity.duration() == "?")
    }

    @Test func meanAndDeviationHaveTheSameDecimals() {
        #expect(Statistic(of: [0.07, 0.08]).text() == "0.07500 ± 0.00707")
        #expect(Statistic(of: [0.07]).text() == "0.07000")
        #expect(Statistic(of: [1e-6, 3e-6]).text() == "2.000e-06 ± 1.4e-06")
    }
}
