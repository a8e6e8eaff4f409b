import Testing

@testable import Reporting

@Suite struct StatisticTests {
    @Test("The median is the middle")
    func median() {
        #expect([3.0, 1, 2].median == 2 && [4.0, 1, 2, 3].median == 2.5)
        #expect([Double]().median.isNaN)
    }
}
