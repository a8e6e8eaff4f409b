import TextForms

/// A teleporter with a text form: the name of its method, and the settings that differ from the standard ones, as in
/// `null-space:tau=0.99,scope=dataset`.
package protocol TextualTeleporter: Teleporter, CustomStringConvertible {
    /// The name of the method.
    static var methodName: String { get }
    /// With the settings that nobody has changed.
    static var standard: Self { get }
    /// What can be set by a text.
    static var settings: [Setting<Self>] { get }

    /// What stands behind the colon before all settings, for people, as the file of a learned teleporter; nil for methods that take
    /// nothing there.
    static var operandName: String? { get }
    /// What stands there.
    var operand: String? { get }
    /// The teleporter with an operand, and the settings that nobody has changed.
    static func standard(of operand: String) -> Self
}

extension TextualTeleporter {
    package static var operandName: String? { nil }
    package var operand: String? { nil }
    package static func standard(of operand: String) -> Self { standard }

    /// The parts of what stands behind the colon of a text form: the teleporter with its operand alone, and the list of settings.
    static func parts(of argument: Substring?) -> (standard: any TextualTeleporter, list: Substring?) {
        guard operandName != nil, let argument else { return (standard, argument) }
        // A comma may stand in the path of a file: the settings begin with the first name of one.
        let names = settings.map(\.name)
        let parts = SettingList.parts(of: argument)
        guard let first = parts.dropFirst().first(where: { $0.value != nil && names.contains($0.name) })?.text else {
            return (standard(of: String(argument)), nil)
        }
        let operand = argument[..<argument.index(before: first.startIndex)]
        return (standard(of: String(operand)), argument[first.startIndex...])
    }
}

extension TextualTeleporter {
    /// The text form; `init(text:)` of `MethodText` reads it.
    package var text: String {
        let settings = SettingList.text(Self.settings, of: self, besides: Self.standard)
        let argument = [operand ?? "", settings].filter { !$0.isEmpty }.joined(separator: ",")
        return Self.methodName + (argument.isEmpty ? "" : ":\(argument)")
    }

    /// Sets what a list of settings says, as `tau=0.99,scope=dataset`.
    package mutating func set(_ list: Substring) throws(TextError) {
        try SettingList.set(Self.settings, of: &self, from: list)
    }

    /// Sets one of the settings.
    package mutating func set(_ name: String, to text: String) throws(TextError) {
        guard let setting = Self.settings.first(where: { $0.name == name }) else {
            throw TextError(name, "give one of " + Self.settings.map(\.name).alternatives)
        }
        try setting.set(&self, to: text)
    }

    /// Whether a setting means anything with the others as they are.
    package func heeds(_ setting: String) -> Bool {
        Self.settings.contains { $0.name == setting && $0.isHeeded(by: self) }
    }

    /// What each setting that is heeded is set to.
    package var settingTexts: [(name: String, text: String)] {
        Self.settings.filter { $0.isHeeded(by: self) }.map { ($0.name, $0.text(of: self)) }
    }

    /// What must be set for a setting to be heeded; nil if it always is.
    package static func companion(of name: String) -> (name: String, value: String)? {
        settings.first { $0.name == name }?.companion.map { ($0.name, $0.value) }
    }

    /// The standard teleporter, with what must be set for it to heed a setting.
    package static func standard(heeding name: String) -> Self {
        var teleporter = standard
        if let companion = companion(of: name) {
            do throws(TextError) {
                try teleporter.set(companion.name, to: companion.value)
            } catch {
                fatalError("the companion of \(name) cannot be set: \(error.description)")
            }
        }
        return teleporter
    }

    /// What the choice of a derivative is, of the methods that have one.
    static var derivativeHelp: String {
        "How directions are computed; double-backward (null-space) and published (symmetry) are the papers' algorithms"
    }

    /// What there is to set.
    package static var settingDescriptions:
        [(name: String, help: String, choices: [String], offers: [String], standard: String)]
    {
        settings.map { ($0.name, $0.help, $0.choices, $0.offers, $0.text(of: standard)) }
    }
}
