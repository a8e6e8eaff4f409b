import Foundation
import TextForms
import Torch

extension RandomTeleporter {
    /// The distribution of the scale `c` of a hidden unit.
    public enum Rescaling: Hashable, Sendable {
        /// `log c` is uniform between minus and plus the logarithm of the factor, so that a scale and its inverse are as
        /// likely; the factor is greater than 1.
        case logUniform(factor: Double)
        /// `c = 1 + uniform(-sigma, sigma)`, the positive changes of basis of NT23; sigma is between 0 and 1.
        case uniform(sigma: Double)

        /// Scales of units, `[count]`, in float64.
        func draw(_ count: Int, using generator: Generator) -> Tensor {
            switch self {
            case .logUniform(let factor):
                require(factor > 1 && factor.isFinite, "Rescaling: scales within a factor of \(factor)")
                let bound = log(factor)
                return Tensor.uniform([count], in: -bound..<bound, using: generator, dtype: .float64).exponential()
            case .uniform(let sigma):
                require(sigma > 0 && sigma < 1, "Rescaling: scales within \(sigma) of 1")
                return .uniform([count], in: 1 - sigma..<1 + sigma, using: generator, dtype: .float64)
            }
        }
    }
}

extension RandomTeleporter.Rescaling: TextConvertible {
    /// `log-uniform:2` or `uniform:0.5`.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        switch (named.name, named.positiveNumber) {
        case ("log-uniform", let factor?) where factor > 1: self = .logUniform(factor: factor)
        case ("uniform", let sigma?) where sigma < 1: self = .uniform(sigma: sigma)
        default: throw TextError(text, "give log-uniform:FACTOR above 1 or uniform:SIGMA below 1, as log-uniform:2")
        }
    }

    /// One of each kind.
    package static var offers: [String] { ["log-uniform:2", "uniform:0.5"] }

    /// `log-uniform:2` or `uniform:0.5`.
    package var text: String {
        switch self {
        case .logUniform(let factor): "log-uniform:\(factor.shortText)"
        case .uniform(let sigma): "uniform:\(sigma.shortText)"
        }
    }
}
