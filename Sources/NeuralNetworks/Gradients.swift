import Torch

/// Gradients of parameters, or directions in which to move them, by the parameter: the tensor itself says which one is
/// meant, not a position or a name.
///
/// They keep the order in which they were added. A parameter without an entry has a gradient of zero.
public struct Gradients {
    private struct Entry {
        let parameter: Tensor
        var gradient: ParameterGradient
        var useCount: Int
    }

    private var entries: [Entry] = []
    /// What adds them up over processes; nil where each is whole.
    private let reduction: GradientReduction?

    /// None.
    public init() { reduction = nil }

    /// None, of those that are handed on to be added up over processes.
    init(handedTo reduction: GradientReduction) { self.reduction = reduction }

    /// The gradients of parameters, in the same order.
    public init(_ parameters: [Tensor], _ gradients: [ParameterGradient]) {
        reduction = nil
        require(
            parameters.count == gradients.count, "\(gradients.count) gradients for \(parameters.count) parameters")
        for (parameter, gradient) in zip(parameters, gradients) { add(gradient, of: parameter) }
    }

    /// Whether there are none.
    public var isEmpty: Bool { entries.isEmpty }

    /// Adds the gradient of one use of a parameter; those of a parameter that is used more than once are summed.
    public mutating func add(_ gradient: ParameterGradient, of parameter: Tensor) {
        if let reduction {
            reduction.take(gradient, of: parameter)
        } else if let index = position(of: parameter, startingAt: 0) {
            entries[index].gradient = entries[index].gradient.adding(gradient)
            entries[index].useCount += 1
        } else {
            entries.append(Entry(parameter: parameter, gradient: gradient, useCount: 1))
        }
    }

    /// The gradient of a parameter; nil is zero.
    public subscript(parameter: Tensor) -> ParameterGradient? {
        position(of: parameter, startingAt: 0).map { entries[$0].gradient }
    }

    /// The gradients of parameters, in their order; zeros where there is none.
    public func values(of parameters: [Tensor]) -> [ParameterGradient] {
        // Next to a layer's weight is its bias, so that the search mostly ends where it begins.
        var next = 0
        return parameters.map { parameter in
            guard let index = position(of: parameter, startingAt: next) else {
                return .tensor(Tensor.zeros(like: parameter))
            }
            next = index + 1
            return entries[index].gradient
        }
    }

    /// How often a gradient of a parameter was added.
    func useCount(of parameter: Tensor) -> Int {
        position(of: parameter, startingAt: 0).map { entries[$0].useCount } ?? 0
    }

    /// Where a parameter is; the search goes around from a position. Of the few parameters of a small model this is faster
    /// than a dictionary, and of a large one it is nothing beside the work.
    private func position(of parameter: Tensor, startingAt start: Int) -> Int? {
        for index in entries.indices[start...] where entries[index].parameter.isIdentical(to: parameter) {
            return index
        }
        for index in entries.indices[..<start] where entries[index].parameter.isIdentical(to: parameter) {
            return index
        }
        return nil
    }
}
