import Torch

/// Tensors that are not those of a model: all that are missing, that are too many, and that do not fit.
public struct StateDictionaryError: Error, Hashable {
    /// The names of the model's tensors that are not there.
    public internal(set) var missing: [String] = []
    /// The names that are none of the model's.
    public internal(set) var unexpected: [String] = []
    /// The tensors of another shape or kind than the model's.
    public internal(set) var misfits: [Misfit] = []
    /// The names of one tensor that are several in the model.
    public internal(set) var ties: [Tie] = []

    /// A tensor that does not fit.
    public struct Misfit: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// Its shape.
        public let shape: [Int]
        /// Its element type; what it should be is real numbers.
        public let dtype: DType
        /// The shape of the model's tensor.
        public let expectedShape: [Int]
    }

    /// Two names of one tensor, which are two tensors in the model: they would move apart.
    public struct Tie: Hashable, Sendable {
        /// The one.
        public let name: String
        /// The other.
        public let other: String
    }

    /// Whether nothing is wrong.
    var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misfits.isEmpty && ties.isEmpty }
}

extension StateDictionaryError: CustomStringConvertible {
    /// One sentence for people, with all names.
    public var description: String {
        let wrong = [
            missing.isEmpty ? nil : "missing \(missing.joined(separator: ", "))",
            unexpected.isEmpty ? nil : "unexpected \(unexpected.joined(separator: ", "))",
            misfits.isEmpty
                ? nil
                : misfits.map { misfit in
                    "\(misfit.name) is \(misfit.shape) of \(misfit.dtype) instead of \(misfit.expectedShape) of real numbers"
                }.joined(separator: ", "),
            ties.isEmpty
                ? nil
                : ties.map { "\($0.other) and \($0.name) are one tensor, and two in the model" }.joined(
                    separator: ", "),
        ].compactMap(\.self)
        let isOnlyTied = missing.isEmpty && unexpected.isEmpty && misfits.isEmpty
        let remedy =
            isOnlyTied
            ? "save them as two, cloning one, or tie them in the model"
            : "take the model that the weights were saved of, or name the tensors as its layers do"
        return "the weights are not those of the model: \(wrong.joined(separator: "; ")); \(remedy)"
    }
}
