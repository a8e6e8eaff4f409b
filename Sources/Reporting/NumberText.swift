import Foundation

extension Double {
    /// The number in `digits` significant digits, trailing zeros kept so that equal precision looks equal: `0.07160`,
    /// `12.50`, `1.250e-06`; numbers far from 1 in scientific notation, non-finite ones as `nan` and `inf`.
    package func significant(_ digits: Int = 4) -> String {
        guard isFinite else { return isNaN ? "nan" : self < 0 ? "-inf" : "inf" }
        guard self != 0 else { return "0" }
        let scientific = String(format: "%.\(digits - 1)e", self)
        guard let decimals = decimals(forSignificant: digits) else { return scientific }
        return String(format: "%.\(decimals)f", self)
    }

    /// How many decimals show the number in so many significant digits; nil where scientific notation reads better.
    func decimals(forSignificant digits: Int) -> Int? {
        guard isFinite, self != 0 else { return 0 }
        // Rounding can raise the exponent (0.99996 to 1.000), so it is read off the rounded number.
        let scientific = String(format: "%.\(digits - 1)e", self)
        let exponent = Int(scientific.split(separator: "e").last!)!
        return (-4..<6).contains(exponent) ? max(0, digits - 1 - exponent) : nil
    }

    /// The fraction in percent, in `digits` significant digits but no more than `digits - 2` decimals: `97.86 %`. What rounds to zero has
    /// no sign.
    package func percent(_ digits: Int = 4) -> String {
        guard isFinite else { return significant() }
        // Zero has no significant digit; it gets the decimals of its neighbours.
        let needed = self == 0 ? nil : (self * 100).decimals(forSignificant: digits)
        let decimals = Swift.min(needed ?? digits - 2, digits - 2)
        let text = String(format: "%.\(decimals)f", self * 100)
        return (Double(text) == 0 ? String(text.drop { $0 == "-" }) : text) + " %"
    }

    /// The number of seconds as a duration on a clock: `0:05`, `12:34`, `1:02:03`.
    package func duration() -> String {
        guard isFinite, self < 1e9 else { return "?" }
        let seconds = Int(Swift.max(0, self).rounded())
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        return hours > 0
            ? String(format: "%d:%02d:%02d", hours, minutes, seconds % 60)
            : String(format: "%d:%02d", minutes, seconds % 60)
    }
}

extension Statistic {
    /// The mean in four significant digits and the standard deviation to the same decimal: `0.07160 ± 0.00120`.
    package func text() -> String {
        guard let standardDeviation, standardDeviation.isFinite else { return mean.significant() }
        guard let decimals = mean.decimals(forSignificant: 4) else {
            return "\(mean.significant()) ± \(standardDeviation.significant(2))"
        }
        return "\(mean.significant()) ± " + String(format: "%.\(decimals)f", standardDeviation)
    }
}
