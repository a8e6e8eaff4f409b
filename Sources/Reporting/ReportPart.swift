/// A part of what a run found.
package enum ReportPart: Equatable, Sendable {
    /// A table, with a line above that says what is in it and one below that explains it, where there are any.
    case table(Table, title: String? = nil, note: String? = nil)
    /// Sentences that belong together.
    case sentences([String])
    /// What is said by some, to be held beside each other.
    case statements([Statement])

    /// What somebody says.
    package struct Statement: Equatable, Sendable {
        /// Who says it, as `The paper`.
        package var speaker: String
        /// What is said.
        package var sentences: [String]

        /// What a speaker says.
        package init(by speaker: String, _ sentences: [String]) {
            self.speaker = speaker
            self.sentences = sentences
        }
    }
}

extension ReportPart: CustomStringConvertible {
    /// The part as lines of text.
    package var description: String {
        switch self {
        case .table(let table, let title, let note):
            [title, "\(table)", note].compactMap(\.self).joined(separator: "\n\n")
        case .sentences(let sentences): sentences.joined(separator: "\n")
        case .statements(let statements):
            statements.map { statement in
                let speaker = "\(statement.speaker): "
                let indentation = String(repeating: " ", count: speaker.count)
                return speaker + statement.sentences.joined(separator: "\n\(indentation)")
            }.joined(separator: "\n\n")
        }
    }
}
