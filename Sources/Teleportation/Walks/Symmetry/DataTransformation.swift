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
    ///   - climb: What is climbed, and how.
    ///   - optimizer: The optimizer that goes on from there; read by `Cap.predicted`.
    /// - Returns: What the teleport did.
    /// - Throws: `SymmetryRefusal` if the model is no perceptron.
    public func teleport(
        _ model: some Layer, _ loss: some Loss, on batch: Batch, climb: Climb = Climb(steps: 10),
        before optimizer: any Optimizer
    ) throws(SymmetryRefusal) -> TeleportReport {
        let first = try Perceptron(model).layers[0]
        require(
            first.weight.size(1) == matrix.size(0),
            "DataTransformation: \(matrix.size(0)) features for a layer of \(first.weight.size(1))")
        return withoutGradients {
            withMode(.teleportation) {
                ClimbingTeleport(climb, in: TeleportContext(before: optimizer)) { batch in
                    BatchLoss(model, loss) { Batch(inputs: self(batch.inputs), targets: batch.targets) }
                } makeWalk: { landscape in
                    DataWalk(on: landscape, weight: first.weight, transformation: self)
                }.move(on: batch)
            }
        }
    }
}

/// The orbit of the group of the data.
private final class DataWalk: Walk {
    let landscape: BatchLoss
    let weight: Tensor
    private let transformation: DataTransformation
    private let saved: SavedParameters
    /// The linearization where the walk begins, until a place asks for it.
    private var start: LinearizedLoss?
    let lossBefore: Double

    init(on landscape: BatchLoss, weight: Tensor, transformation: DataTransformation) {
        self.landscape = landscape
        self.weight = weight
        self.transformation = transformation
        saved = SavedParameters([weight, transformation.matrix])
        let linearized = landscape.linearized()
        lossBefore = linearized.value.item()
        start = linearized
    }

    func place() -> any Place {
        defer { start = nil }
        return DataPlace(start ?? landscape.linearized(), on: self)
    }

    func restore() { saved.restore() }

    func move(along direction: ParameterGradient, scale: Double) {
        let g = FactoredGroupElement(.exponential, of: direction, scale: scale)
        g.applyInverse(toColumnsOf: weight)
        g.apply(to: transformation.matrix)
    }
}

/// A place on the orbit of the data.
private final class DataPlace: Place {
    private let walk: DataWalk
    let loss: Double
    let gradients: [ParameterGradient]

    init(_ linearized: LinearizedLoss, on walk: DataWalk) {
        self.walk = walk
        loss = linearized.value.item()
        gradients = linearized.gradients(of: walk.landscape.parameters)
    }

    /// The Hessian is not needed: the gradient of the first layer is `G g^T`, all others stay. A vector u of the parameters
    /// has the derivative `u^T G`, and what is explicit `-W^T a`.
    func direction(of gradient: ObjectiveGradient) -> (any Direction)? {
        let parameters = walk.landscape.parameters
        guard let index = parameters.firstIndex(where: { $0.isIdentical(to: walk.weight) }) else { return nil }
        var algebra: ParameterGradient?
        if let u = gradient.hessianAlong {
            algebra = .product(delta: u[index].formed(), input: Representation(rows: gradients[index].formed()))
        }
        if let explicit = gradient.explicit {
            let part = -walk.weight.transposed().matmul(explicit[index].formed())
            algebra = .tensor(algebra.map { $0.formed() + part } ?? part)
        }
        return algebra.map { DataDirection($0, on: walk) }
    }
}

private final class DataDirection: OrbitDirection {
    private let walk: DataWalk
    private let algebra: ParameterGradient
    private var taken = 0.0

    init(_ algebra: ParameterGradient, on walk: DataWalk) {
        self.algebra = algebra
        self.walk = walk
    }

    private(set) lazy var slope = [algebra].squaredNorm()

    var isZero: Bool { algebra.isZero }

    func take(_ eta: Double, part: Double) -> Int? {
        walk.move(along: algebra, scale: eta * part - taken)
        taken = eta * part
        return 0
    }
}
