import TextForms

extension Climb {
    /// The name of the objective, as `lookahead:3`.
    package var objectiveText: String { objective.name }

    /// A climb of the objective that a text names, with the steps and the step size that go with it.
    package init(objectiveText text: String) throws(TextError) {
        self.init()
        try KnownObjective.set(&self, to: text)
    }

    /// The settings that go with an objective: another one brings its own.
    package static var settingsOfObjective: [String] {
        // How much the loss may drift is not the objective's to say.
        (settings + orbitSettings).map(\.name).filter { $0 != "tolerance" }
    }

    /// What can be set by a text, as every method that climbs has it.
    static let settings: [Setting<Climb>] = [
        Setting(
            "objective",
            "What a teleport raises; lookahead, the loss after three of the optimizer's next step (lookahead:3), it lowers, "
                + "lookahead-others that of other samples, and sharpness the mean loss around the weights. Curvature, that of the "
                + "level set along the orbit, goes with the method symmetry alone. It brings steps, step size, line search and cap "
                + "along, where these are not given",
            choices: KnownObjective.allCases.map(\.rawValue)
        ) {
            $0.objective.name
        } write: { (climb, text) throws(TextError) in
            try KnownObjective.set(&climb, to: text)
        },
        Setting("direction", \.sense, "Whether it is raised or lowered"),
        Setting("teleport-steps", \.steps, atLeast: 1, "The steps on each batch"),
        Setting(
            "step-size", \.stepSize,
            "The length of a step: growth:RATE of the objective, fixed:ETA as in the papers, or share:SHARE of the weights' norm"
        ),
        Setting(
            "line-search", \.search,
            "What becomes of a step that goes too far: it stands, is halved when it overshoots, or by Armijo's rule"),
        Setting(
            "cap", \.cap,
            "Where a teleport stops: predicted:SHARE of the loss promised by the optimizer's next step, fixed:CAP on the "
                + "squared gradient norm, relative:FACTOR to its start, or none"),
        Setting(
            "lookahead-step", of: .lookahead, Lookahead(), \.optimizerStep,
            "With the objective lookahead, how its gradient takes the optimizer's step: held as it is, or followed as the weights move, "
                + "for a Hessian-vector product more; auto holds that of SGD and momentum, and follows those that scale each element, and where other samples are looked at"
        ),
        Setting("tolerance", \.tolerance, "The relative drift of the loss beyond which a teleport is undone"),
        Setting(
            "displacements", of: .sharpness, Sharpness(),
            "With the objective sharpness, how far from the weights the loss is looked at: 0.1/0.2, and -0.1 for backwards",
            read: { $0.displacements.map(\.shortText).joined(separator: "/") },
            write: { (objective, text) throws(TextError) in
                Sharpness(
                    displacements: try numbers(text), directions: objective.directions, seed: objective.seed)
            }),
        Setting(
            "random-directions", of: .sharpness, Sharpness(),
            "With the objective sharpness, the number of random directions in which it is looked at",
            read: { String($0.directions) },
            write: { (objective, text) throws(TextError) in
                Sharpness(
                    displacements: objective.displacements, directions: try count(text), seed: objective.seed)
            }),
    ]

    /// What else can be set by a text where a method moves along the orbit of a group.
    static let orbitSettings: [Setting<Climb>] = [
        Setting(
            "curves", of: .curvature, Curvature(),
            "With the objective curvature, the number of random curves whose curvatures are averaged",
            read: { String($0.curves) },
            write: { (objective, text) throws(TextError) in
                Curvature(curves: try count(text), seed: objective.seed)
            })
    ]
}

/// The objectives of the package, by their names.
private enum KnownObjective: String, CaseIterable {
    case gradientNorm = "gradient-norm"
    case preconditionedNorm = "preconditioned-norm"
    case lookahead
    case lookaheadAtOthers = "lookahead-others"
    case sharpness
    case curvature

    /// Sets the objective that a text names; one that is climbed in a way of its own brings that along.
    static func set(_ climb: inout Climb, to text: String) throws(TextError) {
        let named = NamedText(text)
        switch (KnownObjective(rawValue: String(named.name)), named.argument, named.positiveNumber) {
        case (.gradientNorm, nil, _): climb = climb.raising(GradientNorm())
        case (.preconditionedNorm, nil, _): climb = climb.raising(PreconditionedNorm())
        case (.lookahead, nil, _): climb = climb.replaced(by: .lookahead())
        case (.lookahead, _, let margin?): climb = climb.replaced(by: .lookahead(margin: margin))
        case (.lookaheadAtOthers, nil, _): climb = climb.replaced(by: .lookahead(samples: .others))
        case (.lookaheadAtOthers, _, let margin?):
            climb = climb.replaced(by: .lookahead(margin: margin, samples: .others))
        case (.sharpness, nil, _): climb = climb.replaced(by: .sharpness())
        case (.curvature, nil, _): climb = climb.replaced(by: .curvature())
        default:
            throw TextError(
                text,
                "give \(allCases.map(\.rawValue).alternatives), and a margin behind lookahead, as lookahead:3")
        }
    }
}

extension Climb {
    /// The climb to the top of another objective, which brings steps, step size, search and cap along where those were the ones
    /// of an objective with a climb of its own.
    fileprivate func raising(_ objective: some Objective) -> Climb {
        var climb = self.objective.growsWithGradientNorm ? self : Climb(tolerance: tolerance)
        climb.objective = objective
        return climb
    }

    /// Another climb, that holds the loss as this one does.
    fileprivate func replaced(by other: Climb) -> Climb {
        var climb = other
        climb.tolerance = tolerance
        return climb
    }
}

extension Setting<Climb> {
    /// A number of one of the objectives, which is heeded where that is the one that is climbed.
    ///
    /// - Parameters:
    ///   - objective: The name of the objective.
    ///   - standard: The objective with nothing changed, whose number is the default.
    ///   - choices: What can be given, if it is one of a few words.
    ///   - read: The number as a text.
    ///   - write: The objective with another number.
    fileprivate init<Climbed: Objective>(
        _ name: String, of objective: KnownObjective, _ standard: Climbed, _ help: String,
        choices: [String] = [], read: @escaping @Sendable (Climbed) -> String,
        write: @escaping @Sendable (Climbed, String) throws(TextError) -> Climbed
    ) {
        self.init(
            name, help, choices: choices, with: Companion("objective", objective.rawValue),
            heeds: { $0.objective is Climbed },
            read: { read($0.objective as? Climbed ?? standard) },
            write: { (climb, text) throws(TextError) in
                climb.objective = try write(climb.objective as? Climbed ?? standard, text)
            })
    }

    /// Which of a few words one of the objectives has, heeded likewise.
    fileprivate init<Climbed: Objective, Value: RawRepresentable<String> & CaseIterable & SendableMetatype>(
        _ name: String, of objective: KnownObjective, _ standard: Climbed,
        _ path: WritableKeyPath<Climbed, Value> & Sendable, _ help: String
    ) {
        let choice = Setting<Climbed>(name, path, help)
        self.init(
            name, of: objective, standard, help, choices: choice.choices, read: choice.text(of:),
            write: { (objective, text) throws(TextError) in
                var objective = objective
                try choice.set(&objective, to: text)
                return objective
            })
    }
}

/// A positive integer.
private func count(_ text: String) throws(TextError) -> Int {
    try NumberRange.integer(text, in: 1...NumberRange.largestInteger)
}

/// A list of finite numbers with slashes between them; commas part settings.
private func numbers(_ text: String) throws(TextError) -> [Double] {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    guard numbers.allSatisfy(\.isFinite) else {
        throw TextError(text, "give numbers with slashes between them, as 0.1/0.2")
    }
    return numbers
}
