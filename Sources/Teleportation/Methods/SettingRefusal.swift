/// A setting of a teleporter, or of the plan that it follows, that is none to teleport by.
public struct SettingRefusal: Error, Hashable, CustomStringConvertible {
    /// The setting, by the name that it has in texts such as `null-space:tau=0.99`, and on the command line.
    public let setting: String
    /// What it is set to.
    public let value: String
    /// What to set instead.
    package let remedy: String

    init(_ setting: String, _ value: String, remedy: String) {
        self.setting = setting
        self.value = value
        self.remedy = remedy
    }

    /// A sentence for people, which says what to set instead.
    public var description: String { "a teleport cannot have \(setting) \(value): \(remedy)" }

    /// Checks that a tolerance is one.
    static func check(tolerance: Double) throws(SettingRefusal) {
        try check("tolerance", tolerance >= 0, "\(tolerance)", remedy: "give a share of the loss, 0 or more")
    }

    /// Checks that a setting makes sense.
    static func check(
        _ setting: String, _ makesSense: Bool, _ value: String, remedy: String
    ) throws(SettingRefusal) {
        guard makesSense else { throw SettingRefusal(setting, value, remedy: remedy) }
    }
}
