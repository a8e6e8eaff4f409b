import Foundation
import Torch

/// A multivariate series in comma-separated text: one line for each point in time, one column for each variable.
///
/// A first line with the names of the columns, and a first column of dates, are passed over where there are any. A file whose
/// name ends in `.gz` is inflated while it is read. Lines may end in a line feed or in a carriage return and a line feed,
/// blanks and quotes may stand around fields, and the last lines may be empty. Each number becomes the nearest double.
public struct SeriesFile {
    /// Where the file is.
    public let url: URL
    /// The numbers, `float64`, `[L, D]`.
    public let values: Tensor
    /// What is doubtful about the rows and their dates.
    public let warnings: [DatasetWarning]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - url: The file, compressed by gzip if the name ends in `.gz`.
    ///   - columnCount: The variables that it must have; nil for as many as in the first row.
    ///   - valueLimit: The most numbers that it may have: a compressed file may stand for a thousand times its size. That by
    ///     default is twice the numbers of the largest series that the papers use.
    /// - Throws: `DatasetError.file` if the file cannot be read, is damaged, or holds anything but rows of as many finite
    ///   numbers as the first.
    public init(contentsOf url: URL, columnCount: Int? = nil, valueLimit: Int = 1 << 25) throws(DatasetError) {
        // The longest numbers of these files have 20 digits.
        let reader = try LineReader(contentsOf: url, byteLimit: 32 * min(valueLimit, 1 << 24))
        var parser = RowParser(path: reader.path, columnCount: columnCount, valueLimit: valueLimit)
        while let line = try reader.next() {
            try parser.parse(line, number: reader.number)
        }
        guard parser.rowCount > 0 else { throw .file(path: reader.path, .tooFewRows(0, expected: 1)) }
        self.url = url
        values = parser.values.tensor(shape: [parser.rowCount, parser.columnCount])
        warnings = parser.concerns.map { DatasetWarning(path: reader.path, $0) }
    }
}

/// Turns the lines of a series into numbers.
private struct RowParser: ~Copyable {
    let path: String
    /// The variables that the series must have, if that is known.
    let expectedColumnCount: Int?
    let valueLimit: Int
    /// All numbers so far, row by row.
    private(set) var values: NumberBuffer<Double>
    /// The rows so far.
    private(set) var rowCount = 0
    /// The numbers in each row; known after the first.
    private(set) var columnCount = 0
    /// The first line where it has names, the first of them, and how many they are.
    private var header: (text: String, firstName: String, count: Int)?
    /// Whether rows begin with a date; known after the first.
    private var isDated = false
    private var lastDate: Int?
    /// The first date that is not after the one before.
    private var lateDate: DatasetWarning.Concern?
    /// The first of the empty lines after the rows.
    private var firstEmptyLine: Int?
    private let scanner = DecimalScanner()

    init(path: String, columnCount: Int?, valueLimit: Int) {
        self.path = path
        expectedColumnCount = columnCount
        self.valueLimit = valueLimit
        values = NumberBuffer(path: path)
    }

    /// Takes in the next line.
    mutating func parse(_ line: UnsafeBufferPointer<UInt8>, number: Int) throws(DatasetError) {
        if line.allSatisfy({ Self.isBlank($0) }) {
            firstEmptyLine = firstEmptyLine ?? number
            return
        }
        if let firstEmptyLine {
            let expected = rowCount > 0 ? fieldCount : expectedColumnCount ?? 1
            throw .file(path: path, .wrongColumnCount(0, line: firstEmptyLine, expected: expected))
        }
        if rowCount == 0 {
            let fields = Self.fields(of: line)
            if header == nil {
                if let defect = Self.wrongForm(fields, line: line) { throw .file(path: path, defect) }
                if isHeader(fields) {
                    header = (String(decoding: line, as: UTF8.self), fields[0], fields.count)
                    return
                }
            }
            let name = header?.firstName
            isDated = name.map(Self.isDateName) == true || DateField(fields[0].utf8) != nil
            if !isDated && name.map(Self.isIndexName) == true { throw .file(path: path, .columnOfRowNumbers) }
        }
        try parseRow(line, number: number)
    }

    /// What is doubtful about all rows together.
    var concerns: [DatasetWarning.Concern] {
        if let period { return [.repeatedRows(period: period)] }
        return lateDate.map { [$0] } ?? []
    }

    /// The fields of a row, that of a date included.
    private var fieldCount: Int { columnCount + (isDated ? 1 : 0) }

    private mutating func parseRow(_ line: UnsafeBufferPointer<UInt8>, number: Int) throws(DatasetError) {
        // Between each two numbers there is a comma.
        let row = try values.reserve((line.count + 1) / 2)
        var count = 0
        var position = line.baseAddress!
        let end = position + line.count
        if isDated { position += try parseDate(line, number: number) }
        var isInRow = !isDated || position < end
        if isDated && isInRow { position += 1 }
        while isInRow {
            let field = position
            // A number must fill its field, and one that does not fit in `float32` would be infinite in most models.
            if let value = scanner.scan(&position, upTo: end), position == end || position.pointee == Self.comma,
                value.magnitude <= Double(Float.greatestFiniteMagnitude)
            {
                row[count] = value
            } else {
                position = field
                while position < end && position.pointee != Self.comma { position += 1 }
                let bytes = UnsafeBufferPointer(start: field, count: field.distance(to: position))
                guard let value = unusualNumber(bytes) else {
                    let column = count + (isDated ? 2 : 1)
                    throw .file(path: path, defect(of: bytes, in: line, number: number, column: column))
                }
                row[count] = value
            }
            count += 1
            isInRow = position < end
            if isInRow { position += 1 }
        }
        try checkCount(count, number: number)
        values.add(count)
        rowCount += 1
        guard values.count <= valueLimit else { throw .file(path: path, .tooManyNumbers(limit: valueLimit)) }
    }

    private mutating func checkCount(_ count: Int, number: Int) throws(DatasetError) {
        if rowCount == 0 { columnCount = expectedColumnCount ?? (header.map { $0.count - (isDated ? 1 : 0) } ?? count) }
        let dates = isDated ? 1 : 0
        if rowCount == 0, let header, header.count != count + dates || header.count != fieldCount {
            // Where the rows are as many as they should be, the names are to blame.
            let isHeaderWrong = count + dates == fieldCount
            throw .file(
                path: path,
                isHeaderWrong
                    ? .wrongColumnCount(header.count, line: number - 1, expected: fieldCount)
                    : .wrongColumnCount(count + dates, line: number, expected: fieldCount))
        }
        guard count == columnCount && count > 0 else {
            throw .file(
                path: path, .wrongColumnCount(count + dates, line: number, expected: max(columnCount, 1) + dates))
        }
    }

    /// Takes in the date of a row, and returns its length.
    private mutating func parseDate(
        _ line: UnsafeBufferPointer<UInt8>, number: Int
    ) throws(DatasetError) -> Int {
        let bytes = line.prefix { $0 != Self.comma }
        let field = Self.stripped(bytes)
        guard let date = DateField(field) else {
            if String(decoding: line, as: UTF8.self) == header?.text {
                throw .file(path: path, .repeatedHeader(line: number))
            }
            throw .file(path: path, .notADate(String(excerptOf: field), line: number))
        }
        if let order = date.order {
            if let lastDate, order <= lastDate, lateDate == nil {
                lateDate = .datesDoNotAscend(String(excerptOf: field), line: number)
            }
            lastDate = order
        }
        return bytes.count
    }

    /// The number in a field with blanks or quotes around it; nil if there is none that can be used.
    private func unusualNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        let field = Self.stripped(bytes[...])
        guard field.count < bytes.count else { return nil }
        return UnsafeBufferPointer(rebasing: field).withMemoryRebound(to: UInt8.self) { field in
            guard var position = field.baseAddress else { return nil }
            let end = position + field.count
            guard let value = scanner.scan(&position, upTo: end), position == end,
                value.magnitude <= Double(Float.greatestFiniteMagnitude)
            else { return nil }
            return value
        }
    }

    /// Why a field holds no number that can be used.
    private func defect(
        of bytes: UnsafeBufferPointer<UInt8>, in line: UnsafeBufferPointer<UInt8>, number: Int, column: Int
    ) -> FileDefect {
        if String(decoding: line, as: UTF8.self) == header?.text { return .repeatedHeader(line: number) }
        let field = String(decoding: Self.stripped(bytes[...]), as: UTF8.self)
        let excerpt = String(excerptOf: bytes)
        // The numbers that Swift reads include the infinities and NaN, which are not decimal.
        let isNumber = Double(field) != nil && !field.lowercased().contains("x")
        return isNumber
            ? .notFinite(excerpt, line: number, column: column) : .notANumber(excerpt, line: number, column: column)
    }

    /// After how many rows the same ones come again, to the end, if that is a half, a third or a fourth of all.
    private var period: Int? {
        [4, 3, 2].first { rowCount.isMultiple(of: $0) && rowCount > $0 && isRepeated(after: rowCount / $0) }
            .map { rowCount / $0 }
    }

    private func isRepeated(after rows: Int) -> Bool {
        let bytes = values.bytes
        let distance = rows * columnCount * MemoryLayout<Double>.stride
        return memcmp(bytes.baseAddress!, bytes.baseAddress! + distance, bytes.count - distance) == 0
    }

    // MARK: The first line

    /// The fields of a line, without the blanks and quotes around them.
    private static func fields(of line: UnsafeBufferPointer<UInt8>) -> [String] {
        line.split(separator: comma, omittingEmptySubsequences: false).map {
            String(decoding: stripped($0), as: UTF8.self)
        }
    }

    /// What a first line is where it has another form than that of numbers and commas.
    private static func wrongForm(_ fields: [String], line: UnsafeBufferPointer<UInt8>) -> FileDefect? {
        // The electricity data of the UCI repository have semicolons and names of clients, the traffic data brackets.
        if line.starts(with: "\"\";\"MT_".utf8) || line.first == UInt8(ascii: "[") { return .originalOfUCI }
        if line.contains(UInt8(ascii: ";")) {
            return .wrongSeparator(.semicolon, hasDecimalCommas: line.contains(comma))
        }
        // Dates have blanks in them, numbers and names in one file have not.
        let blank = fields.lazy.filter { DateField($0.utf8) == nil }.compactMap { $0.utf8.first(where: isBlank) }.first
        switch blank {
        case UInt8(ascii: "\t"): return .wrongSeparator(.tab, hasDecimalCommas: line.contains(comma))
        case _? where fields.count == 1: return .wrongSeparator(.blank, hasDecimalCommas: false)
        default: break
        }
        return nil
    }

    /// Whether the fields of a first line are the names of columns, perhaps after that of dates or of row numbers.
    private func isHeader(_ fields: [String]) -> Bool {
        if Self.isDateName(fields[0]) || fields.allSatisfy(Self.isName) { return true }
        let others = fields.dropFirst()
        if !others.isEmpty && Self.isIndexName(fields[0]) && (others.allSatisfy(Self.isName) || Self.areNumbers(others))
        {
            return true
        }
        // No data set of the papers has such a row, while one of a user's own may.
        return expectedColumnCount != nil && fields.count > 1 && Self.areNumbers(fields[...])
    }

    /// Whether fields are the numbers of columns from 0, as pandas writes them where these have no names.
    private static func areNumbers(_ fields: ArraySlice<String>) -> Bool {
        zip(fields, 0...).allSatisfy { $0 == "\($1)" }
    }

    private static func isName(_ field: String) -> Bool {
        field.first?.isLetter == true && Double(field) == nil && !missing.contains(field.lowercased())
    }

    private static func isDateName(_ field: String) -> Bool { field.lowercased() == "date" }

    private static func isIndexName(_ field: String) -> Bool {
        field.isEmpty || field == "Unnamed: 0" || field.lowercased() == "index"
    }

    /// What stands for numbers that are missing.
    private static let missing: Set = ["na", "n/a", "nan", "null", "none", "inf", "infinity"]

    // MARK: Bytes

    private static let comma = UInt8(ascii: ",")

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// A field without the blanks around it, and a pair of quotes with blanks within them.
    private static func stripped(_ field: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<UnsafeBufferPointer<UInt8>> {
        let inner = withoutBlanks(field)
        let quote = UInt8(ascii: "\"")
        guard inner.count >= 2 && inner.first == quote && inner.last == quote else { return inner }
        return withoutBlanks(inner.dropFirst().dropLast())
    }

    private static func withoutBlanks(_ field: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<UnsafeBufferPointer<UInt8>> {
        var field = field.drop(while: isBlank)
        while let last = field.last, isBlank(last) { field = field.dropLast() }
        return field
    }
}
