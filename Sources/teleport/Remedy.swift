import TextForms

/// Why a value is refused, as what to give instead; the name of the option and the value come before it.
struct Remedy: Error, CustomStringConvertible {
    let description: String
}

extension Remedy {
    /// What an error says, and the word that may have been meant.
    ///
    /// - Parameters:
    ///   - error: The error.
    ///   - offers: Texts that begin with the words that there are.
    init(_ error: TextError, offering offers: [String]) {
        let written = String(NamedText(error.text).name)
        let names = offers.map { String(NamedText($0).name) }.filter { $0.first?.isLetter == true }
        let meant = names.contains(written) ? nil : Suggestion(for: written, among: names).word
        self.init(description: error.remedy + (meant.map { "; did you mean '\($0)'?" } ?? ""))
    }
}
