import NeuralNetworks
import Optimizers
import Torch

/// The transformation of the data that teleports carry along: ST22 Algorithm 3.
///
/// Between the data and the first layer W of a perceptron GL(d) acts as `(W g^{-1}, g X)`, with samples as the columns of X.
/// No output changes, for any sample and any activation, if the data are transformed before they go into the model: in
/// training as well as in inference. Copies of a transformation share its matrix, which teleports change.
///
/// ```swift
/// let transformation = DataTransformation(features: 784)
/// let report = try transformation.teleport(model, CrossEntropy(), on: batch, before: optimizer)
/// let outputs = model(transformation(images))
/// ```
public struct DataTransformation {
    /// The product of all group elements so far, the first one rightmost, `[d, d]`.
    public let matrix: Tensor

    /// The identity.
    public init(features: Int, dtype: DType = .float32, device: Device = .cpu) {
        matrix = .identity(features, dtype: dtype, device: device)
    }

    /// The transformed samples, `[N, ...]` with d elements each to `[N, d]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: 1).matmul(matrix.transposed()) }

    /// Teleports with the group of the data: moves the first layer, and puts the element after those that are here already.
    ///
    /// The gradient of the first layer is `G g^T` with `G = Delta^T X^T`, all others stay, so that the gradient of
    /// `1/2 ||grad L||^2` with respect to T is `G^T G`. The element is `exp(T)`.
    ///
    /// - Parameters:
    ///   - model: A perceptron with d inputs, moved in place.
    ///   - loss: The loss whose gradient grows.
    ///   - batch: Samples before any transformation.
    ///   - steps: The number of steps.
    ///   - stepSize: How far a step goes.
    ///   - cap: Where the gradient has grown enough.
    ///   - tolerance: How much the loss of the batch may change, relative to the loss, before all is set back.
    ///   - optimizer: The optimizer that goes on from there; read by `Cap.predicted`.
    /// - Returns: What the teleport did.
    /// - Throws: `SymmetryRefusal` if the model is no perceptron.
    public func teleport(
        _ model: some Layer, _ loss: some Loss, on batch: Batch, steps: Int = 10, stepSize: StepSize = .growth(0.5),
        cap: Cap = .predicted(0.1), tolerance: Double = 0.01, before optimizer: any Optimizer
    ) throws(SymmetryRefusal) -> TeleportReport {
        let first = try Perceptron(model).layers[0]
        require(
            steps >= 0 && tolerance >= 0 && first.weight.size(1) == matrix.size(0),
            "DataTransformation: steps \(steps), tolerance \(tolerance), \(matrix.size(0)) features for a layer of "
                + "\(first.weight.size(1))")
        let transaction = SymmetryTransaction(
            steps: steps, stepSize: stepSize, cap: cap, tolerance: tolerance,
            parameters: model.parameters.map(\.value), optimizer: optimizer)
        return withoutGradients {
            withMode(.teleportation) {
                transaction.run(moving: [first.weight, matrix]) {
                    loss(model(self(batch.inputs)), batch.targets).item()
                } makeAscent: {
                    DataAscent(model, loss, on: batch, weight: first.weight, transformation: self)
                }
            }
        }
    }
}

/// The steps of a teleport with the group of the data.
private final class DataAscent<Model: Layer, Objective: Loss>: SymmetryAscent {
    private let model: Model
    private let loss: Objective
    private let batch: Batch
    private let weight: Tensor
    private let transformation: DataTransformation
    private var gradients: [ParameterGradient] = []

    init(
        _ model: Model, _ loss: Objective, on batch: Batch, weight: Tensor, transformation: DataTransformation
    ) {
        self.model = model
        self.loss = loss
        self.batch = batch
        self.weight = weight
        self.transformation = transformation
    }

    func currentLoss() -> Double { linearized().value.item() }

    private func linearized() -> LinearizedLoss {
        LinearizedLoss(model, loss, on: Batch(inputs: transformation(batch.inputs), targets: batch.targets))
    }

    func differentiate() -> [ParameterGradient] {
        gradients = linearized().gradients(of: model.parameters.map(\.value))
        return gradients
    }

    func direction() -> [ParameterGradient] {
        let gradient = gradients[0].formed()
        return [.product(delta: gradient, input: Representation(rows: gradient))]
    }

    func move(along directions: [ParameterGradient], scale: Double) -> Int? {
        let g = FactoredGroupElement(.exponential, of: directions[0], scale: scale)
        g.applyInverse(toColumnsOf: weight)
        g.apply(to: transformation.matrix)
        return 0
    }
}
