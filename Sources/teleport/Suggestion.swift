/// What someone may have meant who wrote a word that there is not.
struct Suggestion {
    /// The nearest of the words that there are; nil if none is near.
    let word: String?

    /// The word that takes the fewest changes of a letter, or is an abbreviation or a longer form.
    init(for written: String, among words: some Sequence<String>) {
        let near = words.map { (word: $0, distance: Self.distance(from: written.lowercased(), to: $0)) }.filter {
            $0.distance <= min(3, written.count / 2) || $0.word.hasPrefix(written) || written.hasPrefix($0.word)
        }
        word = written.isEmpty ? nil : near.min { $0.distance < $1.distance }?.word
    }

    /// The letters to insert, remove or replace on the way from one text to the other.
    private static func distance(from: String, to: String) -> Int {
        var distances = Array(0...to.count)
        for (row, letter) in from.enumerated() {
            var diagonal = distances[0]
            distances[0] = row + 1
            for (column, other) in to.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = distances[column + 1]
                distances[column + 1] = min(replaced, diagonal + 1, distances[column] + 1)
            }
        }
        return distances[to.count]
    }
}
