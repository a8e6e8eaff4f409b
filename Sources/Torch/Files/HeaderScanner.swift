/// Reads the JSON of a header piece by piece (RFC 8259), and more strictly than most: no object has a name twice.
///
/// Nothing is kept of what is passed over, so that a header takes no more memory than what is made of it.
struct HeaderScanner {
    /// The kinds of values.
    enum Kind { case text, number, object, array, literal }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// How deep values may lie in one another: how much of the stack is used is not for a file to decide.
    private static let depthLimit = 64

    /// Begins to read; the bytes must outlive the scanner.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The kind of the next value.
    mutating func nextKind() throws(SafetensorsDefect) -> Kind {
        skipSpace()
        switch peek {
        case "\"": return .text
        case "{": return .object
        case "[": return .array
        case "t", "f", "n": return .literal
        case "-", "0"..."9": return .number
        default: throw expected("a value")
        }
    }

    // MARK: Objects

    /// Takes the brace that opens an object.
    mutating func beginObject() throws(SafetensorsDefect) { try take("{", "'{'") }

    /// Takes the next name of the object that was begun, up to its value, or the brace that closes the object: nil.
    ///
    /// - Parameter names: Those of the object so far.
    mutating func nextName(_ names: inout Set<String>) throws(SafetensorsDefect) -> String? {
        if takeIfThere("}") { return nil }
        if !names.isEmpty { try take(",", "',' or '}'") }
        guard try nextKind() == .text else { throw expected("a name") }
        let name = try text()
        guard names.insert(name).inserted else { throw .duplicateName(name) }
        try take(":", "':'")
        return name
    }

    /// Takes what may stand behind the outermost object: space, and nothing else.
    mutating func end() throws(SafetensorsDefect) {
        skipSpace()
        guard position == bytes.count else { throw expected("the end of the header") }
    }

    // MARK: Values

    /// Takes an array of whole numbers from 0 on; nil if the value is another one.
    mutating func naturalNumbers(atMost limit: Int) throws(SafetensorsDefect) -> [Int]? {
        guard try nextKind() == .array else { return nil }
        try take("[", "'['")
        var numbers: [Int] = []
        while !takeIfThere("]") {
            if !numbers.isEmpty { try take(",", "',' or ']'") }
            guard numbers.count < limit, try nextKind() == .number else { return nil }
            let token = try number()
            // Neither a sign nor a point nor an exponent is part of a whole number, and -0 is one in disguise.
            guard let number = Int(token), number > 0 || token == "0" else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    /// Passes any value over.
    mutating func skipValue(depth: Int = 0) throws(SafetensorsDefect) {
        guard depth < Self.depthLimit else { throw expected("values no deeper than \(Self.depthLimit) in one another") }
        switch try nextKind() {
        case .text: _ = try text()
        case .number: _ = try number()
        case .object:
            try beginObject()
            var names: Set<String> = []
            while try nextName(&names) != nil { try skipValue(depth: depth + 1) }
        case .array:
            try take("[", "'['")
            var isFirst = true
            while !takeIfThere("]") {
                if !isFirst { try take(",", "',' or ']'") }
                isFirst = false
                try skipValue(depth: depth + 1)
            }
        case .literal:
            guard let literal = ["true", "false", "null"].first(where: { bytes[position...].starts(with: $0.utf8) })
            else {
                throw expected("true, false or null")
            }
            position += literal.utf8.count
        }
    }

    /// Takes a text in quotation marks.
    mutating func text() throws(SafetensorsDefect) -> String {
        try take("\"", "'\"'")
        var content: [UInt8] = []
        while true {
            let start = position
            takeAll { $0 != "\"" && $0 != "\\" && $0 >= " " }
            content += bytes[start..<position]
            switch peek {
            case "\"":
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw expected("text in UTF-8 before")
                }
                position += 1
                return text
            case "\\":
                position += 1
                content += String(try escaped()).utf8
            default: throw expected("'\"'")
            }
        }
    }

    /// Takes what stands behind a backslash.
    private mutating func escaped() throws(SafetensorsDefect) -> Unicode.Scalar {
        let character = peek
        position += 1
        switch character {
        case "\"", "\\", "/": return character
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let first = try hexadecimal()
            if let scalar = Unicode.Scalar(first) { return scalar }
            // Half of a character beyond 16 bits, which comes as two of these.
            guard UTF16.isLeadSurrogate(UInt16(first)), bytes[position...].starts(with: "\\u".utf8) else {
                throw expected("a whole character before")
            }
            position += 2
            let second = try hexadecimal()
            guard UTF16.isTrailSurrogate(UInt16(second)) else { throw expected("a whole character before") }
            return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))!
        default:
            position -= 1
            throw expected("one of \"\\/bfnrtu")
        }
    }

    /// Takes four digits.
    private mutating func hexadecimal() throws(SafetensorsDefect) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(peek).hexDigitValue, peek.isASCII else {
                throw expected("a hexadecimal digit")
            }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }

    /// Takes a number, which may be of any size and have a fraction.
    private mutating func number() throws(SafetensorsDefect) -> String {
        let start = position
        takeIfNext { $0 == "-" }
        if peek == "0" { position += 1 } else { try digits() }
        if peek == "." {
            position += 1
            try digits()
        }
        if peek == "e" || peek == "E" {
            position += 1
            takeIfNext { $0 == "+" || $0 == "-" }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(SafetensorsDefect) {
        guard ("0"..."9").contains(peek) else { throw expected("a digit") }
        takeAll { ("0"..."9").contains($0) }
    }

    // MARK: Bytes

    /// The next byte; behind the last one 0, which no JSON has either.
    private var peek: Unicode.Scalar { position < bytes.count ? Unicode.Scalar(bytes[position]) : "\0" }

    private mutating func skipSpace() { takeAll { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" } }

    private mutating func takeAll(_ condition: (Unicode.Scalar) -> Bool) { while takeIfNext(condition) {} }

    @discardableResult
    private mutating func takeIfNext(_ condition: (Unicode.Scalar) -> Bool) -> Bool {
        guard position < bytes.count, condition(peek) else { return false }
        position += 1
        return true
    }

    private mutating func takeIfThere(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        return takeIfNext { $0 == character }
    }

    private mutating func take(_ character: Unicode.Scalar, _ name: String) throws(SafetensorsDefect) {
        guard takeIfThere(character) else { throw expected(name) }
    }

    private func expected(_ text: String) -> SafetensorsDefect { .notJSON(position: position, expected: text) }
}
