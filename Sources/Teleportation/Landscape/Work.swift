/// What a teleport on one batch has computed so far, counted as evaluations of the batch's gradient.
///
/// A forward pass is a third of one, the way back two thirds; a Hessian-vector product, forward along a tangent and back, is as
/// much as one. What is no pass through the model, as a projection, is not counted.
final class Work {
    /// The sum.
    private(set) var gradientEvaluations = 0.0

    /// Passes that can be counted.
    enum Pass: Double {
        case forward = 1
        case back = 2
        case forwardAndBack = 3
    }

    /// Counts passes over a part of the batch's samples, or over a multiple of them.
    func count(_ pass: Pass, share: Double = 1) { gradientEvaluations += share * pass.rawValue / 3 }
}
