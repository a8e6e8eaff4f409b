import Testing

@testable import Reporting

@Suite struct StatisticTests {
    @Test("The median is the middle")
    func median() {
        #expect([3.0, 1, 2].median == 2 && [4.0, 1, 2, 3].median == 2.5)
        #expect([Double]().median.isNaN)
    }
}

@Suite struct CorrelationTests {
    @Test("Pearson's coefficient and Fisher's interval follow their formulas")
    func scipy() throws {
        // sum (x - mx)(y - my) = 16, sum (x - mx)^2 = 17.5, sum (y - my)^2 = 70 / 3, computed in Python.
        let correlation = Correlation(of: [1, 2, 3, 4, 5, 6], with: [2, 1, 4, 3, 7, 5])
        #expect(abs(correlation.coefficient - 0.7917946548886297) < 1e-12)
        let interval = try #require(correlation.interval)
        #expect(
            abs(interval.lowerBound - -0.0553051596733395) < 1e-12
                && abs(interval.upperBound - 0.9761145801153426) < 1e-12)
        #expect(correlation.isSignificant == !interval.contains(0))
    }

    @Test("What goes together wholly has no spread, and what does not vary no correlation")
    func limits() {
        #expect(Correlation(of: [1, 2, 3, 4], with: [2, 4, 6, 8]).coefficient == 1)
        #expect(Correlation(of: [1, 2, 3, 4], with: [8, 6, 4, 2]).coefficient == -1)
        #expect(Correlation(of: [1, 1, 1, 1], with: [2, 4, 6, 8]).coefficient.isNaN)
        #expect(Correlation(of: [1, 2], with: [2, 1]).interval == nil)
        #expect(Correlation(of: [], with: []).text == "none")
    }
}
