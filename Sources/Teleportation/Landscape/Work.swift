/// What a teleport on one batch has computed so far, counted as evaluations of the batch's gradient.
///
/// A forward pass is a third of one, the way back two thirds; a Hessian-vector product, forward along a tangent and back, is as
/// much as one. What is no pass through the model, as a projection, is not counted, and what batches share, as a look at all
/// samples for the scope of a data set, not either.
final class Work {
    /// The sum.
    private(set) var gradientEvaluations = 0.0

    /// Passes that can be counted.
    enum Pass: Double {
        case forward = 1
        case back = 2
        case forwardAndBack = 3
    }

    /// Counts a pass over the batch's samples.
    func count(_ pass: Pass) { gradientEvaluations += pass.rawValue / 3 }
}
