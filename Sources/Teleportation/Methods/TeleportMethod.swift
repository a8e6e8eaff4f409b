import TextForms

/// A teleporter with a text form: the name of its method, and the settings that differ from the standard ones, as in
/// `null-space:tau=0.99,scope=dataset`.
package protocol TextualTeleporter: Teleporter, CustomStringConvertible {
    /// Which method it is.
    static var method: TeleportMethod { get }
    /// With the settings that nobody has changed.
    static var standard: Self { get }
    /// What can be set by a text.
    static var settings: [Setting<Self>] { get }
}

extension TextualTeleporter {
    /// The text form; `init(text:)` of `MethodText` reads it.
    package var text: String {
        let settings = SettingList.text(Self.settings, of: self, besides: Self.standard)
        return Self.method.rawValue + (settings.isEmpty ? "" : ":\(settings)")
    }

    /// Sets what a list of settings says, as `tau=0.99,scope=dataset`.
    package mutating func set(_ list: Substring) throws(TextError) {
        try SettingList.set(Self.settings, of: &self, from: list)
    }

    /// Sets one of the settings.
    package mutating func set(_ name: String, to text: String) throws(TextError) {
        guard let setting = Self.settings.first(where: { $0.name == name }) else {
            throw TextError(name, "give one of " + Self.settings.map(\.name).joined(separator: ", "))
        }
        try setting.set(&self, to: text)
    }

    /// What each setting is set to.
    package var settingTexts: [(name: String, text: String)] {
        Self.settings.map { ($0.name, $0.text(of: self)) }
    }

    /// What the choice of a derivative is, of the methods that have one.
    static var derivativeHelp: String {
        "How directions are computed; double-backward (null-space) and published (symmetry) are the papers' algorithms"
    }

    /// What there is to set.
    package static var settingDescriptions: [(name: String, help: String, choices: [String], standard: String)] {
        settings.map { ($0.name, $0.help, $0.choices, $0.text(of: standard)) }
    }
}

/// The published ways to teleport.
package enum TeleportMethod: String, CaseIterable, Sendable {
    /// Null-space gradient projection (NS25): any model of affine maps.
    case nullSpace = "null-space"
    /// Group actions between the layers of a perceptron (ST22, PS24).
    case symmetry
    /// Successive linear steps along the level set (LS24): any model, with some drift.
    case levelSet = "level-set"
    /// Random rescaling of hidden units (NT23): models with two affine layers one after the other.
    case random

    /// The teleporters of the method.
    package var teleporter: any TextualTeleporter.Type {
        switch self {
        case .nullSpace: NullSpaceTeleporter.self
        case .symmetry: SymmetryTeleporter.self
        case .levelSet: LevelSetTeleporter.self
        case .random: RandomTeleporter.self
        }
    }
}

/// A teleporter by its text form.
package struct MethodText: TextConvertible {
    /// What the text stands for.
    package var teleporter: any TextualTeleporter

    /// The text form of a teleporter.
    package init(_ teleporter: any TextualTeleporter) { self.teleporter = teleporter }

    /// `null-space`, or `null-space:tau=0.99,scope=dataset`.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        guard let method = TeleportMethod(rawValue: String(named.name)) else {
            throw TextError(
                text,
                "give " + TeleportMethod.allCases.map(\.rawValue).joined(separator: ", ")
                    + ", with settings after a colon, as null-space:tau=0.99")
        }
        teleporter = method.teleporter.standard
        if let settings = named.argument { try teleporter.set(settings) }
    }

    /// The text that `init(text:)` reads.
    package var text: String { teleporter.text }
}
