/// What someone may have meant who wrote a word that there is not.
struct Suggestion {
    /// The nearest of the words that there are; nil if none is near.
    let word: String?

    /// The word that this one is another name of, or an abbreviation or longer form, or that takes the fewest changes of a
    /// letter.
    init(for written: String, among words: some Sequence<String>) {
        let words = Array(words)
        let name = written.lowercased().replacing("_", with: "-")
        word =
            [
                { words.first { $0 == name } },
                { Self.otherNames[name].flatMap { other in words.first { $0 == other } } },
                { words.first { Self.initials(of: $0) == name } },
                { words.first { Self.abbreviates(name, $0) } },
                { Self.nearest(to: name, among: words) },
            ].lazy.compactMap { $0() }.first
    }

    /// What options are called elsewhere.
    private static let otherNames = [
        "arch": "model", "architecture": "model", "net": "model", "network": "model",
        "batch": "batch-size", "batchsize": "batch-size", "bsz": "batch-size",
        "convolution": "conv2d", "dense": "linear", "fc": "linear",
        "cuda": "device", "gpu": "device",
        "directory": "output", "folder": "output", "o": "output", "out": "output", "out-dir": "output",
        "output-dir": "output", "results": "output",
        "data-dir": "data", "root": "data",
        "eta": "step-size",
        "force": "overwrite",
        "iterations": "epochs", "max-epochs": "epochs", "n-epochs": "epochs", "num-epochs": "epochs",
        "jobs": "threads", "n-threads": "threads", "num-threads": "threads", "num-workers": "threads",
        "workers": "threads",
        "optim": "optimizer",
        "precision": "dtype",
        "random-seed": "seeds",
        "silent": "quiet",
    ]

    /// `lr` of `learning-rate`.
    private static func initials(of word: String) -> String? {
        let parts = word.split(separator: "-")
        return parts.count > 1 ? String(parts.compactMap(\.first)) : nil
    }

    /// Whether each part of a name begins the part of a word, as in `learn-rate`.
    private static func abbreviates(_ name: String, _ word: String) -> Bool {
        let (parts, whole) = (name.split(separator: "-"), word.split(separator: "-"))
        return parts.count > 1 && parts.count == whole.count && zip(parts, whole).allSatisfy { $1.hasPrefix($0) }
    }

    private static func nearest(to name: String, among words: [String]) -> String? {
        guard name.count > 1 else { return nil }
        let near = words.map { (word: $0, distance: distance(from: name, to: $0)) }.filter {
            $0.distance <= min(3, name.count / 2) || $0.word.hasPrefix(name) || name.hasPrefix($0.word)
        }
        return near.min { $0.distance < $1.distance }?.word
    }

    /// The letters to insert, remove or replace, and the neighbours to swap, on the way from one text to the other.
    private static func distance(from: String, to: String) -> Int {
        let (from, to) = (Array(from), Array(to))
        // The distance of each beginning of the one from each of the other.
        var distances = (0...from.count).map { row in (0...to.count).map { max(row, $0) } }
        for row in from.indices {
            for column in to.indices {
                var least = min(
                    distances[row][column] + (from[row] == to[column] ? 0 : 1), distances[row][column + 1] + 1,
                    distances[row + 1][column] + 1)
                if row > 0, column > 0, from[row] == to[column - 1], from[row - 1] == to[column] {
                    least = min(least, distances[row - 1][column - 1] + 1)
                }
                distances[row + 1][column + 1] = least
            }
        }
        return distances[from.count][to.count]
    }
}
