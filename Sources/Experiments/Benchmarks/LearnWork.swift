import Teleportation
import Torch

/// Learning on one trajectory of 100 steps at PS24's sizes.
struct LearnWork {
    /// What is learned.
    let quantity: LearnedQuantity

    static let all = [
        ("update", LearnWork(quantity: .update)), ("update-teleport", LearnWork(quantity: .updateAndTeleport)),
    ]

    /// The work.
    ///
    /// - Throws: `TorchError` if a problem's data have no pseudo-inverse.
    func workload() throws(TorchError) -> Workload {
        var course = LearningCourse()
        course.metaOptimizer.quantity = quantity
        let training = UnrolledTraining(course.makeMetaOptimizer(), course.training)
        let problems = try course.trainingProblem(0)
        let steps = course.steps
        return Workload(mostRepetitions: 10) {
            do {
                let end = try training.train(on: problems, steps: steps)
                precondition(end.isFinite, "a training that ends early would pass for a fast one")
            } catch { fatalError("\(error)") }
        }
    }
}
