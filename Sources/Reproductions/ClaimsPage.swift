import Reporting

/// What the papers claim and what came out, for all figures that were made anew: one page.
package struct ClaimsPage: Codable, Equatable, Record {
    /// What became of a figure.
    package enum State: String, Codable, Sendable {
        /// It was made, with all its data.
        case done
        /// Some of its data sets have no files.
        case partial
        /// None of its data are there.
        case noFiles
        /// It ended with an error.
        case failed
    }

    /// A figure.
    package struct Entry: Codable, Equatable, Sendable {
        /// As on the command line, which is also its folder.
        package var name: String
        /// The place in the paper.
        package var paper: String
        /// What the figure shows.
        package var title: String
        /// Whose the claim is.
        package var claimant: String
        /// What is claimed; empty where nothing was made.
        package var claim: String
        /// What came out, in sentences, or why nothing did.
        package var outcome: [String]
        /// What became of it.
        package var state: State
        /// How long it took, in seconds.
        @JSONNumber package var seconds: Double

        /// A figure that was made.
        ///
        /// - Parameters:
        ///   - reproduction: What was run.
        ///   - result: What it found.
        ///   - seconds: How long it took.
        package init(_ reproduction: any Reproduction, _ result: ReproductionResult, seconds: Double) {
            self.init(reproduction, .done, outcome: result.findings, seconds: seconds)
            claimant = result.claimant
            claim = result.claim
            if let divergence = result.divergence { outcome.append("\(divergence).") }
            if case .array(let missing)? = result.configuration["missing"], !missing.isEmpty {
                state = result.values.isEmpty ? .noFiles : .partial
            }
        }

        /// A figure of which nothing was made, and why.
        package init(_ reproduction: any Reproduction, failing reason: String, as state: State, seconds: Double) {
            self.init(reproduction, state, outcome: [reason], seconds: seconds)
        }

        private init(_ reproduction: any Reproduction, _ state: State, outcome: [String], seconds: Double) {
            name = reproduction.name
            paper = reproduction.paper
            title = reproduction.title
            claimant = reproduction.paper
            claim = ""
            self.outcome = outcome
            self.state = state
            self.seconds = seconds
        }
    }

    /// At which scale; all figures at the same.
    package let scale: String
    /// The figures, by paper and number, as far as they have come up.
    package private(set) var entries: [Entry] = []

    /// A page without figures.
    package init(scale: Scale) { self.scale = scale.rawValue }

    /// Whether a figure is done: it need not be run again.
    package func isDone(_ name: String) -> Bool { entries.contains { $0.name == name && $0.state == .done } }

    /// Puts a figure on the page, in the place of what there was of it.
    package mutating func add(_ entry: Entry) {
        let order = Reproductions.all.map(\.name)
        func place(_ entry: Entry) -> Int { order.firstIndex(of: entry.name) ?? order.count }
        entries.removeAll { $0.name == entry.name }
        entries.insert(entry, at: entries.firstIndex { place($0) > place(entry) } ?? entries.count)
    }

    /// A row for each figure.
    package var table: Table {
        Table(
            columns: [
                .init("figure", alignment: .left), .init("state", alignment: .left), .init("seconds"),
                .init("outcome", alignment: .left),
            ],
            rows: entries.map {
                [$0.name, $0.state.text, $0.seconds.significant(3), $0.outcome.joined(separator: " ")]
            })
    }

    /// The page as Markdown: a table of figure, claim, outcome and time.
    package var markdown: String {
        func cell(_ text: String) -> String {
            text.replacing("|", with: "\\|").split(whereSeparator: \.isNewline).joined(separator: " ")
        }
        let rows = entries.map { entry in
            let outcome = entry.outcome.map(cell).joined(separator: "<br>")
            return
                "| [\(entry.name)](\(entry.name)/): \(cell(entry.title)) | \(entry.claim.isEmpty ? "" : cell("\(entry.claimant): \(entry.claim)")) "
                + "| \(entry.state == .done ? "" : "*\(entry.state.text)*: ")\(outcome) | \(entry.seconds.duration()) |"
        }
        return
            ([
                "# Claims and outcomes, \(scale) scale", "", "| figure | claim | here | time |",
                "| --- | --- | --- | --- |",
            ]
            + rows).joined(separator: "\n") + "\n"
    }
}

extension ClaimsPage.State {
    /// For people.
    package var text: String {
        switch self {
        case .done: "done"
        case .partial: "some data missing"
        case .noFiles: "no files"
        case .failed: "failed"
        }
    }
}
