import Torch

/// How one parameter moves along its gradient: all that an optimizer of one's own has to say.
///
/// `RuleOptimizer` makes an optimizer of a rule.
///
/// ```swift
/// /// `w <- w - lr sign(g)`.
/// struct SignDescent: UpdateRule {
///     var learningRate: Double
///
///     func step(_ parameter: Tensor, gradient: Tensor, state: [String: Tensor], count: Int) {
///         // Where the gradient is zero, its sign is too.
///         parameter.addInPlace(gradient / (gradient.absolute() + 1e-12), scale: -learningRate)
///     }
/// }
/// let optimizer = RuleOptimizer(SignDescent(learningRate: 1e-3))
/// ```
public protocol UpdateRule {
    /// The factor of every step.
    var learningRate: Double { get set }

    /// The state of a parameter before its first step: tensors of any shape under names; PyTorch's where PyTorch has the
    /// rule. Empty, which is the default, for a rule that remembers nothing.
    func initialState(for parameter: Tensor) -> [String: Tensor]

    /// Takes a step of one parameter.
    ///
    /// - Parameters:
    ///   - parameter: What moves, in place.
    ///   - gradient: Its gradient, contiguous and of its shape; to be left as it is.
    ///   - state: The tensors that `initialState` gave, as the steps so far have left them; changed in place.
    ///   - count: The number of this step of this parameter, counted from 1.
    func step(_ parameter: Tensor, gradient: Tensor, state: [String: Tensor], count: Int)

    /// `A v`, with A the diagonal by which the step scales a gradient g (PS24 eq. 67); nil, which is the default, for a rule
    /// without such a diagonal.
    ///
    /// - Parameters:
    ///   - vector: `v`, contiguous; to be left as it is.
    ///   - gradient: `g`, contiguous; to be left as it is.
    ///   - parameter: The parameter; to be left as it is.
    ///   - state: A copy of the parameter's state, which may be changed.
    ///   - count: The number of the step that comes next.
    func preconditioned(
        _ vector: Tensor, at gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int
    ) -> Tensor?
}

extension UpdateRule {
    /// Empty: a rule that says nothing else remembers nothing.
    public func initialState(for parameter: Tensor) -> [String: Tensor] { [:] }

    /// Nil: a rule that says nothing else has no diagonal.
    public func preconditioned(
        _ vector: Tensor, at gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int
    ) -> Tensor? { nil }
}
