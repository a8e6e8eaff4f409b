import TextForms

extension Climb {
    /// The name of the objective, as `lookahead:3`.
    package var objectiveText: String { KnownObjective.text(of: objective) }

    /// A climb of the objective that a text names, with the steps and the step size that go with it.
    package init(objectiveText text: String) throws(TextError) {
        self.init()
        try KnownObjective.set(&self, to: text)
    }

    /// The settings that go with an objective: another one brings its own.
    package static let settingsOfObjective = [
        "objective", "direction", "teleport-steps", "step-size", "line-search", "cap",
    ]

    /// What can be set by a text, as every method that climbs has it.
    static let settings: [Setting<Climb>] = [
        Setting(
            "objective",
            "What a teleport raises; lookahead, the loss after three of the optimizer's next step (lookahead:3), it lowers, and "
                + "lookahead-others that of other samples. It brings steps, step size, line search and cap along, where these are "
                + "not given",
            choices: KnownObjective.allCases.map(\.rawValue)
        ) {
            KnownObjective.text(of: $0.objective)
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
        Setting("tolerance", \.tolerance, "The relative drift of the loss beyond which a teleport is undone"),
    ]
}

/// The objectives of the package, by their names.
private enum KnownObjective: String, CaseIterable {
    case gradientNorm = "gradient-norm"
    case preconditionedNorm = "preconditioned-norm"
    case lookahead
    case lookaheadAtOthers = "lookahead-others"

    /// Sets the objective that a text names; one that is climbed in a way of its own brings that along.
    static func set(_ climb: inout Climb, to text: String) throws(TextError) {
        let named = NamedText(text)
        switch (KnownObjective(rawValue: String(named.name)), named.argument, named.positiveNumber) {
        case (.gradientNorm, nil, _): climb = climb.raising(GradientNorm())
        case (.preconditionedNorm, nil, _): climb = climb.raising(PreconditionedNorm())
        case (.lookahead, nil, _): climb = lookahead(nil, .batch, climb.tolerance)
        case (.lookahead, _, let margin?): climb = lookahead(margin, .batch, climb.tolerance)
        case (.lookaheadAtOthers, nil, _): climb = lookahead(nil, .others, climb.tolerance)
        case (.lookaheadAtOthers, _, let margin?): climb = lookahead(margin, .others, climb.tolerance)
        default:
            throw TextError(
                text,
                "give \(allCases.map(\.rawValue).alternatives), and a margin behind lookahead, as lookahead:3")
        }
    }

    private static func lookahead(_ margin: Double?, _ samples: Lookahead.Samples, _ tolerance: Double) -> Climb {
        var climb = Climb.lookahead(margin: margin ?? Lookahead().margin, samples: samples)
        climb.tolerance = tolerance
        return climb
    }

    /// The text of an objective; of one that is a user's, the name of its type.
    static func text(of objective: any Objective) -> String {
        switch objective {
        case is GradientNorm: gradientNorm.rawValue
        case is PreconditionedNorm: preconditionedNorm.rawValue
        case let lookahead as Lookahead:
            (lookahead.samples == .batch ? Self.lookahead : lookaheadAtOthers).rawValue
                + (lookahead.margin == Lookahead().margin ? "" : ":\(lookahead.margin.shortText)")
        default: "\(type(of: objective))"
        }
    }
}

extension Climb {
    /// The climb to the top of another objective, which brings steps, step size and cap along where those were for a look ahead.
    fileprivate func raising(_ objective: some Objective) -> Climb {
        var climb = self.objective is Lookahead ? Climb(tolerance: tolerance) : self
        climb.objective = objective
        return climb
    }
}
