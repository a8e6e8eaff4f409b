import Reporting

extension [String: JSONValue] {
    /// Which options differ from those of an earlier run, by their names, in order, each with a sentence that has both values.
    package func changes(from earlier: Self) -> [(name: String, sentence: String)] {
        func text(_ value: JSONValue?) -> String { value?.text ?? "nothing" }
        return Set(keys).union(earlier.keys).filter { self[$0] != earlier[$0] }.sorted().map {
            let before = earlier[$0] == nil ? "was not there when the run was begun" : "was \(text(earlier[$0]))"
            return ($0, "--\($0) is \(text(self[$0])), and \(before)")
        }
    }
}
