import Foundation
import Testing

@testable import Experiments

@Suite struct LearningRateCurveTests {
    private func range(_ steps: Int) -> LearningRateRange { LearningRateRange(from: 1e-4, to: 1, steps: steps) }

    @Test("Rates grow by one factor, from the first to the last")
    func rates() {
        let range = range(5)
        for (step, rate) in [1e-4, 1e-3, 1e-2, 1e-1, 1].enumerated() { #expect(abs(range[step] / rate - 1) < 1e-14) }
        #expect(abs(range.growth - 10) < 1e-13)
    }

    @Test("The smoothed loss is the one computed by hand")
    func smoothing() {
        // With beta 1/2: moments 2, 3, 2 over 1 - 1/2, 1 - 1/4, 1 - 1/8.
        let curve = LearningRateCurve([4, 4, 1], over: range(3), smoothing: 0.5)
        for (smoothed, expected) in zip(curve.smoothedLosses, [4, 4, 2 / 0.875]) {
            #expect(abs(smoothed - expected) < 1e-14)
        }
        #expect(LearningRateCurve([4, 1, 3], over: range(3), smoothing: 0).smoothedLosses == [4, 1, 3])
        // Equal losses stay what they are, but for the digits that 1 - beta^t loses: the beginning at zero is corrected for.
        #expect(LearningRateCurve([3, 3, 3], over: range(3)).smoothedLosses.allSatisfy { abs($0 - 3) < 1e-12 })
    }

    @Test("The test ends where the smoothed loss exceeds four times its least, and before what is not finite")
    func endings() {
        let risen = LearningRateCurve([2, 1, 4, 4.1, 9], over: range(5), smoothing: 0)
        #expect(risen.ending == .risen && risen.losses == [2, 1, 4, 4.1] && risen.learningRates.count == 4)
        // Smoothed to 2.9 at most, the same losses are no reason to end.
        #expect(LearningRateCurve([2, 1, 4, 4.1], over: range(4), smoothing: 0.9).ending == .complete)
        for loss in [Double.nan, .infinity] {
            let broken = LearningRateCurve([2, 1, loss, 1], over: range(5))
            #expect(broken.ending == .notFinite && broken.losses == [2, 1])
        }
        #expect(LearningRateCurve([2, 1], over: range(5)).ending == .interrupted)
        #expect(LearningRateCurve([2, 1, 1, 1, 1], over: range(5)).ending == .complete)
    }

    /// A curve of losses that nobody smooths, with room for what the rules leave out: a tenth before them, and five after.
    private func curve(_ losses: [Double]) -> LearningRateCurve {
        let count = (losses.count + 5) * 10 / 9 + 1
        let before = Array(repeating: losses[0], count: count / 10)
        let after = Array(repeating: losses[losses.count - 1], count: count - count / 10 - losses.count)
        let curve = LearningRateCurve(before + losses + after, over: range(count), smoothing: 0)
        precondition(after.count >= 5 && curve.ending == .complete)
        return curve
    }

    private func step(_ rule: LearningRateRule, of curve: LearningRateCurve) throws -> Int {
        let rate = try #require(rule.suggestion(for: curve))
        return try #require(
            curve.learningRates.indices.min { abs(log(curve.range[$0] / rate)) < abs(log(curve.range[$1] / rate)) })
    }

    @Test("On a logistic fall the steepest rate is its middle, and the least its end")
    func logistic() throws {
        // L = 3 - 2 / (1 + exp(-(k - 60) / 6)) falls the most between 60 and 61, where it is symmetric.
        let falling = (0..<121).map { 3 - 2 / (1 + exp(-(Double($0) - 60.5) / 6)) }
        let curve = curve(falling)
        let skipped = curve.range.steps / 10
        #expect(try step(.steepest, of: curve) == skipped + 60)
        let minimum = try #require(LearningRateRule.minimumTenth.suggestion(for: curve))
        #expect(abs(minimum / (curve.range[skipped + 120] / 10) - 1) < 1e-12)
    }

    @Test("The valley is fastai's: of the longest falling subsequence, half the way from its beginning by its length")
    func valley() throws {
        // 24 falling losses, and then a rise: from 23 - 24 on, 8 and 4 further.
        let down: [Double] = (0..<24).map { 5 - 0.1 * Double($0) }
        let up: [Double] = (0..<10).map { 2.8 + 0.05 * Double($0) }
        let fall = down + up
        #expect(try step(.valley, of: self.curve(fall)) - self.curve(fall).range.steps / 10 == 11)
        var state: UInt64 = 7
        for _ in 0..<50 {
            let noise = (0..<40).map { index -> Double in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return 2 + Double(state >> 40) / Double(1 << 24) + pow(Double(index) / 20 - 1, 2)
            }
            let curve = self.curve(noise)
            let skipped = curve.range.steps / 10
            let seen = Array(curve.smoothedLosses.dropFirst(skipped).dropLast(5))
            #expect(try step(.valley, of: curve) == skipped + max(Self.fastaiValley(of: seen), 0))
        }
    }

    /// The algorithm as fastai's documentation has it: the longest falling subsequence by dynamic programming, loss by loss.
    private static func fastaiValley(of losses: [Double]) -> Int {
        var lengths = Array(repeating: 1, count: losses.count)
        var (start, end) = (0, 0)
        for i in 1..<losses.count {
            for j in 0..<i {
                if losses[i] < losses[j], lengths[i] < lengths[j] + 1 { lengths[i] = lengths[j] + 1 }
                if lengths[end] < lengths[i] {
                    end = i
                    start = end - lengths[end]
                }
            }
        }
        let sections = Double(end - start) / 3
        return start + Int(sections) + Int(sections / 2)
    }

    @Test("What nowhere falls, and what is too short, suggests nothing", arguments: LearningRateRule.allCases)
    func nothing(rule: LearningRateRule) {
        #expect(rule.suggestion(for: LearningRateCurve((0..<50).map { 2 + 0.01 * Double($0) }, over: range(50))) == nil)
        #expect(rule.suggestion(for: LearningRateCurve([3, 2, 1, 1, 1, 1, 1, 1, 1], over: range(50))) == nil)
        #expect(rule.suggestion(for: LearningRateCurve([], over: range(50))) == nil)
        #expect(rule.suggestion(for: LearningRateCurve((0..<50).map { 4 - 0.05 * Double($0) }, over: range(50))) != nil)
    }
}
