/// A date, perhaps with a time, in a field of a table: `2016-07-01 00:00:00`, `1990/1/1 0:00`, `7/1/2016`, `01.07.2016`.
struct DateField {
    /// A number that is larger the later the date is, to a second; nil where the year does not come first, since day and
    /// month cannot be told apart then.
    let order: Int?

    /// Reads a field; nil if it is no date.
    init?(_ field: some Collection<UInt8>) {
        var groups: [Int] = []
        var rest = field[...]
        while groups.count < 6 {
            let digits = rest.prefix { Self.isDigit($0) }
            guard (1...4).contains(digits.count) else { break }
            groups.append(digits.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) })
            rest = rest[digits.endIndex...]
            guard let separator = rest.first, (groups.count < 3 ? "-/." : " T:-").utf8.contains(separator) else {
                break
            }
            rest = rest.dropFirst()
        }
        guard groups.count >= 3 else { return nil }
        let year = groups[0] > 31 ? groups[0] : groups[2]
        let others = groups[0] > 31 ? [groups[1], groups[2]] : [groups[0], groups[1]]
        guard year > 31, others.allSatisfy({ (1...31).contains($0) }), others.contains(where: { $0 <= 12 }) else {
            return nil
        }
        // An afternoon looks like its morning.
        let isTwelveHours = rest.contains { $0 | 0x20 == UInt8(ascii: "m") }
        order =
            year == groups[0] && !isTwelveHours
            ? (groups + [Int](repeating: 0, count: 6 - groups.count)).reduce(0) { 100 * $0 + $1 } : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
