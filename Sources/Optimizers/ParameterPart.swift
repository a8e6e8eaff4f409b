import NeuralNetworks
import Torch

/// A part of a parameter, and of its gradient and its state, that passes through several operations while it is in a processor's cache.
///
/// A look at the step of an optimizer goes over gradient, state and result with a dozen operations. Each of a whole parameter would wait
/// for main memory; those of a part wait once.
enum ParameterPart {
    /// All of it.
    case whole
    /// Entries of the first dimension.
    case rows(Range<Int>)

    /// The elements that a thread has of a part, as many as libtorch gives one at least; in single precision five tensors of them are less
    /// than a megabyte.
    private static let elementsOfThread = 1 << 15

    /// The parts of a parameter, in order. A GPU is given all of it.
    static func parts(of parameter: Tensor) -> [ParameterPart] {
        let mostElements = elementsOfThread * Libtorch.threadCount
        guard parameter.device == .cpu, parameter.rank > 0, parameter.count > mostElements else { return [.whole] }
        let rows = parameter.size(0)
        let most = max(mostElements / (parameter.count / rows), 1)
        return stride(from: 0, to: rows, by: most).map { .rows($0..<min($0 + most, rows)) }
    }

    /// The part of a tensor of the parameter's shape; a view.
    func of(_ tensor: Tensor) -> Tensor {
        switch self {
        case .whole: tensor
        case .rows(let rows): tensor.narrowed(0, to: rows)
        }
    }

    /// The elements of the part of a gradient, contiguous; those of a factored one are formed.
    func of(_ gradient: ParameterGradient) -> Tensor {
        switch (self, gradient) {
        case (.rows(let rows), .product(let delta, let input)):
            delta.narrowed(1, to: rows).transposed().matmul(input.rows)
        case (_, .tensor(let elements)): of(elements).contiguous()
        case (.whole, .product): gradient.formed()
        }
    }
}
