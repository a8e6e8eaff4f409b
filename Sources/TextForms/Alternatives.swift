extension Sequence<String> {
    /// The texts as a sentence offers them: `a, b or c`.
    package var alternatives: String {
        let texts = Array(self)
        guard let last = texts.last, texts.count > 1 else { return texts.first ?? "" }
        return texts.dropLast().joined(separator: ", ") + " or \(last)"
    }
}
