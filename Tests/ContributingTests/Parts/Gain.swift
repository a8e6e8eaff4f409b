import Torch

@testable import NeuralNetworks

/// A factor for each feature: `x s`, `[N, D]` to `[N, D]`, with s of shape `[D]`.
struct Gain: Layer {
    let s: Tensor
    var parameters: [Parameter] { [Parameter("factors", s)] }

    func callAsFunction(_ x: Tensor) -> Tensor { x * s }

    func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        (self(x), GainLinearization(s: s, x: x))
    }
}

/// The derivative at x: `x' s + x s'`.
struct GainLinearization: Linearization {
    let s, x: Tensor

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        if collected.needsGradients { collected.gradients.add(.tensor((cotangent * x).sum(along: [0])), of: s) }
        return needsInput ? cotangent * s : nil
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        let (first, second) = (tangent.map { $0 * s }, directions[s].map { x * $0.formed() })
        return first.map { first in second.map { first + $0 } ?? first } ?? second
    }
}
