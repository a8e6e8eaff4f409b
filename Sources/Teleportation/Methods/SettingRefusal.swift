/// A teleporter with a setting that it cannot teleport by.
public struct SettingRefusal: Error, Hashable, CustomStringConvertible {
    /// The setting, by the name that it has in texts such as `null-space:tau=0.99`.
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
    public var description: String { "a teleporter cannot have \(setting) \(value): \(remedy)" }
}
