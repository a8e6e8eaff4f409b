import Reporting

/// A curve averaged over seeds.
package struct MeanCurve: Sendable {
    /// Where the curve is known, ascending.
    package var x: [Double]
    /// The mean and spread over seeds at each `x`.
    package var y: [Statistic]

    /// A curve of known means, of which there are as many as places.
    package init(x: [Double], y: [Statistic]) {
        precondition(x.count == y.count, "a curve needs as many y as x")
        self.x = x
        self.y = y
    }

    /// The mean over runs at every epoch that all of them recorded.
    package init(of value: (EpochRecord) -> Double, overEpochsOf runs: [Run]) {
        let byEpoch = runs.map { run in
            Dictionary(run.epochs.map { ($0.epoch, value($0)) }) { _, last in last }
        }
        let epochs = (byEpoch.first?.keys.sorted() ?? []).filter { epoch in byEpoch.allSatisfy { $0[epoch] != nil } }
        x = epochs.map(Double.init)
        y = epochs.map { epoch in Statistic(of: byEpoch.compactMap { $0[epoch] }) }
    }

    /// The mean over runs at equal times; see `init(of:over:of:)`.
    package init(of value: (EpochRecord) -> Double, overSecondsOf runs: [Run]) {
        self.init(of: value, over: \.seconds, of: runs)
    }

    /// The mean over runs at equal places, as times.
    ///
    /// Each run's curve is linear between its epochs. The places are those of all epochs of all runs, from the first
    /// at which every run has a value to the last, so the mean keeps every corner of every curve. Where the
    /// runs share no such interval (one epoch each), the curve is one point at the mean place.
    package init(of value: (EpochRecord) -> Double, over place: (EpochRecord) -> Double, of runs: [Run]) {
        let curves = runs.map { run in run.epochs.map { (place: place($0), value: value($0)) } }
        guard !curves.isEmpty, curves.allSatisfy({ !$0.isEmpty }) else {
            x = []
            y = []
            return
        }
        let start = curves.map { $0[0].place }.max()!
        let end = curves.map { $0[$0.count - 1].place }.min()!
        guard start < end else {
            x = [Statistic(of: curves.map { $0[0].place }).mean]
            y = [Statistic(of: curves.map { $0[0].value })]
            return
        }
        x = Set(curves.joined().map(\.place)).filter { (start...end).contains($0) }.sorted()
        y = x.map { place in Statistic(of: curves.map { Self.interpolate($0, at: place) }) }
    }

    /// The value of a curve at a place within its range.
    private static func interpolate(_ curve: [(place: Double, value: Double)], at place: Double) -> Double {
        let next = curve.firstIndex { $0.place >= place } ?? curve.count - 1
        guard next > 0, curve[next].place > place else { return curve[next].value }
        let (before, after) = (curve[next - 1], curve[next])
        let fraction = (place - before.place) / (after.place - before.place)
        return before.value + fraction * (after.value - before.value)
    }

    /// Where the mean first is at or below a level.
    ///
    /// Linear between neighbouring points; beside a point that is not finite, the point itself counts.
    ///
    /// - Returns: The place, and whether it is the first point of the curve, so that the curve may have been there
    ///   earlier; nil when the curve never comes down to the level.
    package func firstReach(of level: Double) -> (x: Double, isFirstPoint: Bool)? {
        guard let index = y.firstIndex(where: { $0.mean <= level }) else { return nil }
        guard index > 0, y[index - 1].mean.isFinite, y[index].mean.isFinite else { return (x[index], index == 0) }
        let (before, after) = (y[index - 1].mean, y[index].mean)
        let fraction = (before - level) / (before - after)
        return (x[index - 1] + fraction * (x[index] - x[index - 1]), false)
    }

    /// The mean at a place, linear between neighbouring points and constant beyond the ends; NaN for an empty curve.
    package func mean(at place: Double) -> Double {
        guard let next = x.firstIndex(where: { $0 >= place }) else { return y.last?.mean ?? .nan }
        guard next > 0, x[next] > place else { return y[next].mean }
        let fraction = (place - x[next - 1]) / (x[next] - x[next - 1])
        return y[next - 1].mean + fraction * (y[next].mean - y[next - 1].mean)
    }
}
