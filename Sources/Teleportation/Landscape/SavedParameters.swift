import Torch

/// Parameters, and what they were when they were saved.
package struct SavedParameters {
    private var saved: [(parameter: Tensor, copy: Tensor)] = []

    /// None.
    init() {}

    /// The given ones, as they are now.
    package init(_ parameters: [Tensor]) {
        for parameter in parameters { save(parameter) }
    }

    /// Keeps a parameter as it is now, unless it was kept before. Another view of its storage is another tensor: each view is
    /// kept, since none says what the others cover.
    mutating func save(_ parameter: Tensor) {
        if !saved.contains(where: { $0.parameter.isIdentical(to: parameter) }) {
            saved.append((parameter, parameter.clone()))
        }
    }

    /// Sets all back, to the last bit.
    package func restore() {
        // Last to first: of views that overlap, the one that was saved first has what was there first.
        for (parameter, copy) in saved.reversed() { parameter.copy(from: copy) }
    }

    /// Sets all back by half of their way.
    func halveMoves() {
        for (parameter, copy) in saved {
            parameter.multiplyInPlace(by: 0.5)
            parameter.addInPlace(copy, scale: 0.5)
        }
    }
}
