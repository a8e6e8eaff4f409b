import NeuralNetworks
import Torch

/// The null spaces of the layers' inputs: moves that no sample of the batch can see (NS25 section 3).
///
/// What the affine maps compute stays the same, so that the model is linearized once: the activations at which that was done
/// are those of every place on the walk. A place asks its walk for what all places share.
final class NullSpaceWalk: Walk {
    let landscape: BatchLoss
    let linearized: LinearizedLoss
    let lossBefore: Double
    private let spaces: InputNullSpaces
    private let makePlace: (NullSpaceWalk) -> any Place
    private var saved = SavedParameters()
    /// The weights that can move, once somebody has asked.
    private var found: [MovableWeight]?
    /// Those of them that what other weights do can reach.
    private(set) lazy var weightsBehindOthers = MovableWeight.behindOthers(in: linearized)

    /// The squared norm of the parameters before the first step. The steps of a batch hardly change it, and it takes a pass over all of
    /// them.
    fileprivate private(set) lazy var squaredNormBefore = landscape.parameters.map { $0.squaredNorm() }.total()

    /// The walk on a batch.
    ///
    /// - Parameters:
    ///   - landscape: The loss of the batch.
    ///   - spaces: Where the null spaces come from.
    ///   - place: Makes the place where the parameters are, which knows how directions are computed.
    init(on landscape: BatchLoss, in spaces: InputNullSpaces, place: @escaping (NullSpaceWalk) -> any Place) {
        self.landscape = landscape
        self.spaces = spaces
        makePlace = place
        linearized = landscape.linearized(counting: .forward)
        lossBefore = linearized.value.item()
    }

    var freeDimensions: [String: Int] { spaces.freeDimensions(in: landscape.model) }

    var hasRoom: Bool { spaces.known.contains { $0.space.freeDimensions > 0 } }

    func place() -> any Place { makePlace(self) }

    func restore() { saved.restore() }

    /// A part of a move in the null space is in the null space too.
    func halve() -> Bool {
        saved.halveMoves()
        return true
    }

    /// The weights that can move.
    ///
    /// - Parameter pulled: A pull-back through the model, at whatever weights; asked for if nobody has asked before.
    func movableWeights(in pulled: @autoclosure () -> Pullback) -> [MovableWeight] {
        if let found { return found }
        let all = MovableWeight.all(in: pulled())
        found = all
        return all
    }

    /// The null space of the inputs of a weight, if anything is free in it.
    func nullSpace(of weight: MovableWeight) throws(TorchError) -> InputNullSpace? {
        try spaces.of(weight).flatMap { $0.freeDimensions > 0 ? $0 : nil }
    }

    /// Moves parameters, and remembers what they were before their first move: a map may be at rest in one step and move in a
    /// later one.
    func add(_ moves: [MovableWeight.Move], scale: Double) {
        for move in moves {
            saved.save(move.parameter)
            move.direction.add(to: move.parameter, scale: scale)
        }
    }
}

/// The direction of a step in the null space.
final class NullSpaceDirection: Direction {
    private let walk: NullSpaceWalk
    let moves: [MovableWeight.Move]
    /// By what multiple of the direction the parameters are away from the place.
    private var taken = 0.0

    /// A direction on a walk.
    init(_ moves: [MovableWeight.Move], on walk: NullSpaceWalk) {
        self.moves = moves
        self.walk = walk
    }

    /// `||pi(a + H u)||^2`: the projection is orthogonal.
    private(set) lazy var slope = moves.map(\.direction).squaredNorm()

    var isZero: Bool { moves.allSatisfy { $0.direction.isZero } }

    /// That of a step as long as the parameters were before the first one.
    func reach(of parameters: [Tensor]) -> Double { (walk.squaredNormBefore / slope).squareRoot() }

    func take(_ eta: Double, part: Double) -> Int? {
        walk.add(moves, scale: eta * part - taken)
        taken = eta * part
        return 0
    }
}
