extension Int {
    /// The number and what is counted: `1 seed`, `3 seeds`.
    package func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
