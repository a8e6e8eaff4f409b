import NeuralNetworks
import TextForms
import Torch

/// All that decides what a meta-optimizer becomes, but for the number of trajectories: what it is made of, how it is
/// trained, and on what.
package struct LearningCourse: Hashable, Sendable {
    /// The meta-optimizer.
    package var metaOptimizer = MetaOptimizer.Settings()
    /// Its training.
    package var training = UnrolledTraining.Settings()
    /// N, the samples of each problem.
    package var samples = 20
    /// The slope of LeakyReLU.
    package var slope = 0.1
    /// The steps of each training trajectory.
    package var steps = 100
    /// Decides the first weights of the meta-optimizer, and the problems.
    package var seed = 0

    /// The course of the paper, but for the group element; see `MetaOptimizer.Settings`.
    package init() {}

    /// The largest seed: those of the problems follow from it, and libtorch takes 32 bits of one.
    package static let largestSeed = 9999
    /// The most training trajectories, for the same reason.
    package static let mostTrajectories = 100_000

    /// A meta-optimizer with the first weights.
    package func makeMetaOptimizer(dtype: DType = .float32) -> MetaOptimizer {
        MetaOptimizer(metaOptimizer, using: Generator(seed: 3_000_000_000 + UInt64(seed)), dtype: dtype)
    }

    /// The problem of a training trajectory.
    ///
    /// - Throws: `TorchError` if its X has no pseudo-inverse.
    package func trainingProblem(_ number: Int, dtype: DType = .float32) throws(TorchError) -> RegressionProblems {
        try problems([UInt64(seed * Self.mostTrajectories + number)], dtype)
    }

    /// Problems that are none of those trained on, whatever the seed: the same ones for all of them.
    ///
    /// - Throws: `TorchError` if an X has no pseudo-inverse.
    package func unseenProblems(_ numbers: Range<Int>, dtype: DType = .float32) throws(TorchError) -> RegressionProblems
    {
        try problems(numbers.map { 2_000_000_000 + UInt64($0) }, dtype)
    }

    private func problems(_ seeds: [UInt64], _ dtype: DType) throws(TorchError) -> RegressionProblems {
        try RegressionProblems(
            seeds: seeds, sizes: metaOptimizer.sizes, samples: samples, activation: .leakyReLU(slope: slope),
            dtype: dtype)
    }
}

extension LearningCourse {
    /// What can be set by a text, and stands in the file of what was learned.
    package static let settings: [Setting<LearningCourse>] = [
        Setting("arm", \.metaOptimizer.quantity, "What is learned"),
        Setting("sizes", "The sizes of the perceptron's layers, from the input to the output: three at the least") {
            $0.metaOptimizer.sizes.text
        } write: { (course, text) throws(TextError) in
            guard let sizes = text.listedIntegers, sizes.count >= 3, sizes.count <= 100,
                sizes.allSatisfy(sizeRange.contains)
            else {
                throw TextError(text, "give three layer sizes or more, from 1 to \(sizeRange.upperBound), as 20,20,20")
            }
            course.metaOptimizer.sizes = sizes
        },
        Setting("samples", \.samples, atLeast: 1, "The samples of each problem"),
        Setting("slope", \.slope, positiveUpTo: 1, "The slope of LeakyReLU"),
        Setting("hidden-size", "The size of each LSTM cell") {
            String($0.metaOptimizer.hidden)
        } write: { (course, text) throws(TextError) in
            course.metaOptimizer.hidden = try NumberRange.integer(text, in: sizeRange)
        },
        Setting(
            "group-element", \.metaOptimizer.element,
            "What a learned T stands for; the first-order ones of the paper drift"),
        Setting("element-norm", \.metaOptimizer.norm, positiveUpTo: 1, "The Frobenius norm of each T"),
        Setting("trajectory-steps", \.steps, atLeast: 1, "The steps of each training trajectory"),
        Setting("unroll", \.training.unroll, atLeast: 1, "The steps between two updates of what is learned"),
        Setting(
            "update-learning-rate", \.training.updateRate, positiveUpTo: 1,
            "The learning rate of the LSTM that gives updates, by Adam; PS24 has 1e-3 in its program and 1e-4 in its text"
        ),
        Setting(
            "teleport-learning-rate", \.training.teleportRate, positiveUpTo: 1,
            "The learning rate of the LSTMs that give group elements, by Adam; PS24 has 1e-4 in its program and 1e-3 in its text"
        ),
        Setting("seed", "Decides the first weights of what is learned, and the problems") {
            String($0.seed)
        } write: { (course, text) throws(TextError) in
            course.seed = try NumberRange.integer(text, in: 0...largestSeed)
        },
    ]

    /// The sizes of layers and of cells: the weights of a network with larger ones cannot be counted.
    private static let sizeRange = 1...10_000
}

extension [Int] {
    /// The numbers with commas between them.
    var text: String { map(String.init).joined(separator: ",") }
}
