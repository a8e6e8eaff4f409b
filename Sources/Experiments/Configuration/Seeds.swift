import TextForms

/// The seeds of the runs of an experiment.
package struct Seeds: Hashable, Sendable, TextConvertible {
    /// In the order of the runs, each once.
    package let values: [Int]

    /// The given seeds; at least one, none twice.
    package init(_ values: [Int]) {
        precondition(!values.isEmpty && Set(values).count == values.count, "seeds \(values)")
        self.values = values
    }

    /// A count, as `3` for the seeds 0, 1 and 2, or a list, as `4,7`; a single seed is a list that ends in a comma, `7,`.
    package init(text: String) throws(TextError) {
        let remedy = "give a count such as 3, or a list of different seeds such as 4,7 (a single one as 7,)"
        guard text.contains(",") else {
            guard let count = Int(text), (1...1000).contains(count) else { throw TextError(text, remedy) }
            self.init(Array(0..<count))
            return
        }
        guard let seeds = text.listedIntegers, seeds.allSatisfy({ (0..<1_000_000_000).contains($0) }),
            Set(seeds).count == seeds.count
        else { throw TextError(text, remedy) }
        self.init(seeds)
    }

    /// A count where the seeds are the first ones, else a list.
    package var text: String {
        values == Array(values.indices)
            ? String(values.count) : values.map(String.init).joined(separator: ",") + (values.count == 1 ? "," : "")
    }
}
