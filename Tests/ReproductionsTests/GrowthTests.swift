import Foundation
import Testing

@testable import Reproductions

/// Lines and powers fitted to points.
@Suite struct GrowthTests {
    @Test func aPowerLawHasItsExponent() throws {
        let x = [16.0, 32, 64, 256]
        let growth = try #require(Growth(of: x.map { 3 * pow($0, 2.5) }, with: x))
        #expect(abs(growth.exponent - 2.5) < 1e-12 && abs(growth.lastExponent - 2.5) < 1e-12)
    }

    @Test("What does not grow weighs on the exponent of all points, and less on that of the last two")
    func overhead() throws {
        let x = [1.0, 2, 4, 8, 16]
        let growth = try #require(Growth(of: x.map { 20 + $0 * $0 }, with: x))
        #expect(growth.exponent < growth.lastExponent && growth.lastExponent < 2)
        #expect(abs(growth.lastExponent - log2(276.0 / 84)) < 1e-12)
    }

    @Test func theLineIsTheClosest() throws {
        let exact = try #require(StraightLine(x: [2, 3, 5], y: [7, 9, 13]))
        #expect(abs(exact.slope - 2) < 1e-12 && abs(exact.intercept - 3) < 1e-12 && exact.largestDeviation < 1e-12)
        // The normal equations of these: 3 a + 3 b = 7, 5 a + 3 b = 9.
        let bent = try #require(StraightLine(x: [0, 1, 2], y: [1, 3, 3]))
        #expect(abs(bent.slope - 1) < 1e-12 && abs(bent.intercept - 4 / 3.0) < 1e-12)
        #expect(abs(bent.largestDeviation - 1 / 3.0) < 1e-12)
    }

    @Test func tooFewPointsHaveNone() {
        #expect(StraightLine(x: [], y: []) == nil && StraightLine(x: [1], y: [1]) == nil)
        #expect(StraightLine(x: [1, 1], y: [1, 2]) == nil && StraightLine(x: [1, 2], y: [1, .nan]) == nil)
        #expect(Growth(of: [2], with: [1]) == nil && Growth(of: [0, 1], with: [1, 2]) == nil)
    }
}
