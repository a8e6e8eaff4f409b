import Foundation
import Torch

/// A multivariate series in comma-separated text: one line for each point in time, one column for each variable.
///
/// A file whose name ends in `.gz` is inflated while it is read. Lines may end in a line feed or in a carriage return and a
/// line feed. Each number becomes the nearest double.
public struct SeriesFile {
    /// Where the file is.
    public let url: URL
    /// The numbers, `float64`, `[L, D]`.
    public let values: Tensor

    /// What is in a file besides numbers.
    public enum Layout: Sendable {
        /// Nothing.
        case numbers
        /// A first line with the names of the columns, and dates in the first column, which is called `date`. Both are
        /// passed over.
        case dated
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - url: The file, compressed by gzip if the name ends in `.gz`.
    ///   - layout: What is in it besides numbers.
    /// - Throws: `DatasetError.file` if the file cannot be read, is damaged, or holds anything but rows of as many finite
    ///   numbers as the first.
    public init(contentsOf url: URL, layout: Layout = .numbers) throws(DatasetError) {
        let reader = try LineReader(contentsOf: url)
        if layout == .dated { try Self.checkHeader(reader) }
        var parser = RowParser(path: reader.path, skipsFirstColumn: layout == .dated)
        while let line = try reader.next() {
            try parser.parse(line, number: reader.number)
        }
        guard parser.rowCount > 0 else { throw .file(path: reader.path, .tooFewRows(0, expected: 1)) }
        self.url = url
        values = Tensor(parser.values, shape: [parser.rowCount, parser.columnCount])
    }

    private static func checkHeader(_ reader: LineReader) throws(DatasetError) {
        let header = try reader.next().map { String(excerptOf: $0) } ?? ""
        guard header.hasPrefix("date,") else {
            throw .file(path: reader.path, .wrongHeader(header, expected: "date,"))
        }
    }
}

/// Turns the lines of a series into numbers.
private struct RowParser {
    let path: String
    let skipsFirstColumn: Bool
    /// All numbers so far, row by row.
    var values: [Double] = []
    /// The rows so far.
    var rowCount = 0
    /// The numbers in each row; known after the first.
    var columnCount = 0
    private let scanner = DecimalScanner()

    init(path: String, skipsFirstColumn: Bool) {
        self.path = path
        self.skipsFirstColumn = skipsFirstColumn
    }

    /// Adds the numbers of the next line.
    mutating func parse(_ line: UnsafeBufferPointer<UInt8>, number: Int) throws(DatasetError) {
        let skipped = skipsFirstColumn ? 1 : 0
        let firstValue = values.count
        if let start = line.baseAddress, !line.isEmpty {
            let end = start + line.count
            var position = start
            var isInRow = true
            if skipsFirstColumn {
                while position < end && position.pointee != Self.comma { position += 1 }
                isInRow = position < end
                if isInRow { position += 1 }
            }
            while isInRow {
                let field = position
                // A number must fill its field, and one that does not fit in `float32` would be infinite in most models.
                guard let value = scanner.scan(&position, upTo: end), position == end || position.pointee == Self.comma,
                    value.magnitude <= Double(Float.greatestFiniteMagnitude)
                else {
                    let column = values.count - firstValue + 1 + skipped
                    throw .file(path: path, Self.defect(of: field, upTo: end, line: number, column: column))
                }
                values.append(value)
                isInRow = position < end
                if isInRow { position += 1 }
            }
        }
        let count = values.count - firstValue
        if rowCount == 0 { columnCount = count }
        guard count == columnCount && count > 0 else {
            let expected = rowCount == 0 ? 1 : columnCount
            throw .file(
                path: path,
                .wrongColumnCount(line.isEmpty ? 0 : count + skipped, line: number, expected: expected + skipped))
        }
        rowCount += 1
    }

    private static let comma = UInt8(ascii: ",")

    /// Why a field holds no number that can be used.
    private static func defect(
        of field: UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>, line: Int, column: Int
    ) -> FileDefect {
        let rest = UnsafeBufferPointer(start: field, count: field.distance(to: end))
        let bytes = rest.prefix { $0 != comma }
        let text = String(excerptOf: bytes)
        // The numbers that Swift reads include the infinities and NaN, which are not decimal.
        let isNumber = Double(String(decoding: bytes, as: UTF8.self)) != nil && !text.lowercased().contains("x")
        return isNumber
            ? .notFinite(text, line: line, column: column) : .notANumber(text, line: line, column: column)
    }
}
