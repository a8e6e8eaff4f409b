extension Character {
    /// How many columns a terminal gives the character: 0, 1 or 2.
    var displayWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        // A text symbol followed by the emoji variation selector is drawn as an emoji.
        let isEmoji = first.properties.isEmojiPresentation || unicodeScalars.contains { $0.value == 0xFE0F }
        return isEmoji || first.isEastAsianWide ? 2 : 1
    }
}

extension StringProtocol {
    /// How many columns a terminal gives the text.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// The longest beginning of the text that fits into so many columns.
    func truncated(toDisplayWidth width: Int) -> String {
        var result = ""
        var used = 0
        for character in self {
            used += character.displayWidth
            if used > width { break }
            result.append(character)
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Whether the scalar lies in a block whose characters are wide or full width (Unicode Standard Annex 11).
    fileprivate var isEastAsianWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
