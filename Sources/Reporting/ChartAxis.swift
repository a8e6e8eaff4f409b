import Foundation

/// The range of an axis and where its labels stand.
struct ChartAxis: Equatable {
    /// The ends of the axis.
    var range: ClosedRange<Double>
    /// The labelled places, ascending.
    var tics: [Double]
    /// Whether equal distances are equal ratios.
    var isLogarithmic = false

    /// A linear axis over exactly the range of the values, for horizontal coordinates.
    ///
    /// Where all values are whole, so are the labelled places: there is no epoch 1.5.
    init(fitting values: [Double]) {
        let range = Self.widened(values)
        let step = max(Self.step(for: range), values.allSatisfy { $0 == $0.rounded() } ? 1 : 0)
        self.range = range
        let multiples = Int((range.lowerBound / step).rounded(.up))...Int((range.upperBound / step).rounded(.down))
        tics = multiples.map { Double($0) * step }
    }

    /// A linear axis that begins and ends at labelled places beyond the values.
    init(rounding values: [Double]) {
        let range = Self.widened(values)
        let step = Self.step(for: range)
        let multiples = Int((range.lowerBound / step).rounded(.down))...Int((range.upperBound / step).rounded(.up))
        tics = multiples.map { Double($0) * step }
        self.range = tics.first!...tics.last!
    }

    /// A logarithmic axis over the values, all of them positive.
    ///
    /// Labels stand at powers of ten, and at their two- and fivefold where there would be fewer than three labels.
    init(logarithmic values: [Double]) {
        let lowest = values.min() ?? 1
        let highest = values.max() ?? 10
        let exponents = Int(log10(lowest).rounded(.down))...Int(log10(highest).rounded(.up))
        // A little room, so that lines do not lie on the frame.
        range = lowest / 1.1...highest * 1.1
        isLogarithmic = true
        let powers = exponents.map { pow(10, Double($0)) }
        tics = powers.filter(range.contains)
        if tics.count < 3 { tics = powers.flatMap { [$0, 2 * $0, 5 * $0] }.filter(range.contains) }
        // Labels of twelve decades would run into each other.
        let stride = (tics.count + 7) / 8
        tics = tics.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    }

    /// The texts at the labelled places.
    ///
    /// Nine significant digits drop the rounding errors of multiples of a step, such as 0.30000000000000004.
    var labels: [String] {
        tics.map { String(format: "%.9g", $0) }
    }

    /// The value at a fraction of the axis's length.
    func position(at fraction: Double) -> Double {
        isLogarithmic
            ? range.lowerBound * pow(range.upperBound / range.lowerBound, fraction)
            : range.lowerBound + (range.upperBound - range.lowerBound) * fraction
    }

    private static func widened(_ values: [Double]) -> ClosedRange<Double> {
        let lowest = values.min() ?? 0
        let highest = values.max() ?? 1
        // One value, or values equal to the resolution of labels, still need an axis of some length.
        let room = highest - lowest > 1e-6 * abs(highest) ? 0 : max(abs(highest), 1) / 2
        return lowest - room...highest + room
    }

    /// The step, 1, 2 or 5 times a power of ten, that divides the range into about five.
    private static func step(for range: ClosedRange<Double>) -> Double {
        let rough = (range.upperBound - range.lowerBound) / 5
        let power = pow(10, log10(rough).rounded(.down))
        return [1, 2, 5].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
    }
}
