import TextForms

/// A teleporter, or several in a sequence, by its text form.
package struct MethodText: TextConvertible {
    /// The parts, of which there is one at least: first to last.
    package let parts: [Part]

    /// The text of one teleporter.
    package init(_ teleporter: any TextualTeleporter) { parts = [Part(teleporter)] }

    /// `null-space`, `null-space:tau=0.99,scope=dataset`, `learned:FILE`, or `null-space+gauge` for one after the other.
    package init(text: String) throws(TextError) {
        var texts: [String] = []
        for piece in text.split(separator: "+", omittingEmptySubsequences: false) {
            if let last = texts.last, !Self.begins(piece, after: last) {
                texts[texts.count - 1] += "+\(piece)"
            } else {
                texts.append(String(piece))
            }
        }
        var parts: [Part] = []
        for text in texts { parts.append(try Part(text: text)) }
        self.parts = parts
    }

    /// Whether what follows a plus is another method. A plus may stand in a number, as 1e+3, and in the path of a file, which only the
    /// name of a method ends.
    private static func begins(_ piece: Substring, after previous: String) -> Bool {
        if method(of: previous)?.teleporter.operandName != nil { return method(of: String(piece)) != nil }
        return piece.first?.isLetter == true || piece.isEmpty
    }

    private static func method(of text: String) -> TeleportMethod? {
        TeleportMethod(rawValue: String(NamedText(text).name))
    }

    /// All methods; behind a colon at the end something must follow.
    package static var offers: [String] {
        TeleportMethod.allCases.map { $0.rawValue + ($0.teleporter.operandName == nil ? "" : ":") }
    }

    /// The text that `init(text:)` reads.
    package var text: String { parts.map(\.teleporter.text).joined(separator: "+") }

    /// What the text stands for.
    package var teleporter: any Teleporter { Self.teleporter(of: parts.map(\.teleporter)) }

    /// One teleporter, or a sequence of several.
    package static func teleporter(of parts: [any TextualTeleporter]) -> any Teleporter {
        parts.count == 1 ? parts[0] : TeleporterSequence(parts)
    }

    /// The text form of one teleporter.
    package struct Part {
        /// What the text stands for.
        package let teleporter: any TextualTeleporter
        /// The same with the settings that nobody has changed.
        package let standard: any TextualTeleporter
        /// The settings that the text has, those too that say what is so anyway.
        package let settings: [(name: String, text: String)]

        fileprivate init(_ teleporter: any TextualTeleporter) {
            self.teleporter = teleporter
            let (standard, list) = type(of: teleporter).parts(of: NamedText(teleporter.text).argument)
            self.standard = standard
            settings = Self.settings(in: list)
        }

        fileprivate init(text: String) throws(TextError) {
            let named = NamedText(text)
            guard let method = MethodText.method(of: text) else {
                throw TextError(
                    text,
                    "give " + TeleportMethod.allCases.map(\.rawValue).alternatives
                        + ", with settings after a colon, as null-space:tau=0.99")
            }
            let (standard, list) = method.teleporter.parts(of: named.argument)
            if let operand = method.teleporter.operandName, standard.operand?.isEmpty != false {
                throw TextError(text, "give \(method.rawValue):\(operand)")
            }
            var teleporter = standard
            if let list { try teleporter.set(list) }
            self.teleporter = teleporter
            self.standard = standard
            settings = Self.settings(in: list)
        }

        private static func settings(in list: Substring?) -> [(name: String, text: String)] {
            list.map { SettingList.parts(of: $0).map { ($0.name, $0.value ?? "true") } } ?? []
        }
    }
}

extension TeleportMethod {
    /// The teleporter that a text stands for: the name of a method, and after a colon the settings that are to differ from the
    /// standard ones; several, with plus signs between, for one after the other on each batch. Teleporters of the package print as
    /// such texts, and the command line takes them.
    ///
    /// ```swift
    /// let plan = TeleportPlan(try TeleportMethod.teleporter(from: "null-space:tau=0.99,scope=dataset"))
    /// ```
    ///
    /// - Throws: An error that names the part of the text that stands for nothing, and what to write instead.
    public static func teleporter(from text: String) throws -> any Teleporter { try MethodText(text: text).teleporter }
}
