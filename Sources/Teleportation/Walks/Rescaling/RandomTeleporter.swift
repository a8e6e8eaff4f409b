import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// Teleportation to a random point of the symmetry orbit of a network (NT23: Armenta et al., "Neural Teleportation",
/// 2023): the function stays what it is, and the gradient becomes whatever it is there.
///
/// Two groups act on the hidden units between one dense layer or convolution and the next; the units of a convolution are
/// its channels.
/// - Positive rescaling: the weights and the bias that lead to unit j are multiplied by `c_j > 0`, those that lead away
///   from it divided by `c_j`. Nothing changes behind them if the activation between is positively homogeneous,
///   `s(c z) = c s(z)`, as ReLU and LeakyReLU are.
/// - Permutation of the units, for every activation that acts on each element. The norm of the gradient stays.
///
/// In exact arithmetic the outputs are the same for all inputs; the report carries what rounding makes of the loss.
///
/// ```swift
/// let teleporter = RandomTeleporter()
/// try teleporter.check(model, before: optimizer)
/// let context = TeleportContext(before: optimizer, generator: Generator(seed: 0))
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, in: context)
/// ```
public struct RandomTeleporter: Teleporter {
    /// Where the scales of the hidden units come from; nil leaves their scales alone.
    public var rescaling: Rescaling?
    /// Whether hidden units change places. What a stateful optimizer remembers of a unit then stands with another one.
    public var permutes: Bool
    /// How much the loss of a teleport batch may change, relative to the loss, before the parameters are set back.
    public var tolerance: Double

    /// A teleporter; by default it rescales hidden units by up to a factor of two, and leaves them in their places.
    public init(
        rescaling: Rescaling? = .logUniform(factor: 2), permutes: Bool = false, tolerance: Double = 0.01
    ) {
        self.rescaling = rescaling
        self.permutes = permutes
        self.tolerance = tolerance
    }

    /// Checks that a model has the symmetries that the teleporter draws from.
    ///
    /// Such a model has two dense layers or convolutions one after the other, with nothing between them but elementwise
    /// activations, dropout, max pooling (of convolutions) and `Flatten`; layers say of themselves what they are
    /// (`Layer.structure`). Activations must be positively homogeneous if units are to be rescaled. Units that anything else
    /// stands behind stay as they are.
    ///
    /// - Throws: `RescalingRefusal`, which says what to use instead; `SettingRefusal` if units are neither rescaled nor
    ///   permuted, or the tolerance is no number of at least 0.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try SettingRefusal.check(tolerance: tolerance)
        try SettingRefusal.check(
            "hidden-units", rescaling != nil || permutes, "that stay as they are", remedy: "rescale or permute them")
        _ = try HiddenUnits.of(model, rescaled: rescaling != nil)
    }

    /// Begins a teleport to another random point for each batch; see `Teleporter`. Traps if `check(_:before:)` throws, or the context
    /// has no generator to draw from.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        let hidden = trapping { () throws(RescalingRefusal) in
            try HiddenUnits.of(model, rescaled: rescaling != nil)
        }
        guard let generator = context.generator else {
            fatalError("RandomTeleporter: nothing to draw from; give the TeleportContext a generator")
        }
        return HiddenUnitsTeleport(of: model, loss, tolerance: tolerance) {
            for units in hidden { move(units, using: generator) }
        }
    }

    private func move(_ units: HiddenUnits, using generator: Generator) {
        if let rescaling { units.rescale(by: rescaling.draw(units.count, using: generator)) }
        if permutes { units.permute(to: .permutation(units.count, using: generator)) }
    }
}

extension RandomTeleporter: TextualTeleporter {
    package static let methodName = "random"
    package static var standard: RandomTeleporter { RandomTeleporter() }
    package static let settings: [Setting<RandomTeleporter>] = [
        Setting("hidden-units", "What is done to hidden units", choices: Change.allCases.map(\.rawValue)) {
            $0.change.rawValue
        } write: { (teleporter, text) throws(TextError) in
            guard let change = Change(rawValue: text) else {
                throw TextError(text, "give \(Change.allCases.map(\.rawValue).alternatives)")
            }
            guard change != .permute || [nil, standard.rescaling].contains(teleporter.rescaling) else {
                throw TextError(text, Self.scalesOfPermuted)
            }
            teleporter.change = change
        },
        Setting("scales", "Where their scales come from: log-uniform:FACTOR or uniform:SIGMA around 1") {
            $0.rescaling?.text ?? "none"
        } write: { (teleporter, text) throws(TextError) in
            guard (teleporter.rescaling == nil) == (text == "none") else {
                throw TextError(
                    text,
                    teleporter.rescaling == nil
                        ? Self.scalesOfPermuted
                        : "give log-uniform:FACTOR or uniform:SIGMA, or hidden-units=permute for no scales")
            }
            if text != "none" { teleporter.rescaling = try Rescaling(text: text) }
        },
        Setting("tolerance", \.tolerance, "The relative drift of the loss beyond which a teleport is undone"),
    ]

    /// What is done to hidden units.
    fileprivate enum Change: String, CaseIterable {
        case rescale
        case permute
        case both
    }

    private static var scalesOfPermuted: String {
        "hidden units that are only permuted have no scales; leave them out"
    }

    private var change: Change {
        get { rescaling == nil ? .permute : permutes ? .both : .rescale }
        set {
            rescaling = newValue == .permute ? nil : rescaling ?? Self.standard.rescaling
            permutes = newValue != .rescale
        }
    }

    /// The method and the settings that are not the standard ones, as `random:hidden-units=both`.
    public var description: String { text }
}
