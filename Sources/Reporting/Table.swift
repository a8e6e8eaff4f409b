/// A plain-text table with aligned columns, for a terminal or a log.
///
/// ```swift
/// Table(columns: [.init("arm", alignment: .left), .init("loss")], rows: [["baseline", "0.0716"]])
/// ```
package struct Table: Equatable, Sendable {
    /// A column's header and the side at which its cells line up.
    package struct Column: Equatable, Sendable {
        /// The text above the column.
        package var title: String
        /// The side at which the title and the cells line up.
        package var alignment: Alignment

        /// A column, for numbers unless told otherwise.
        package init(_ title: String, alignment: Alignment = .right) {
            self.title = title
            self.alignment = alignment
        }
    }

    /// The side at which the cells of a column line up.
    package enum Alignment: Sendable {
        /// For texts.
        case left
        /// For numbers.
        case right
    }

    /// The columns, from the left.
    package var columns: [Column]
    /// The cells of each row; a missing cell is blank.
    package var rows: [[String]]

    /// A table of the given columns and rows.
    package init(columns: [Column], rows: [[String]] = []) {
        precondition(rows.allSatisfy { $0.count <= columns.count }, "a row has more cells than there are columns")
        self.columns = columns
        self.rows = rows
    }
}

extension Table: CustomStringConvertible {
    /// The table as lines of text, a rule below the header; no line ends in spaces, and none follows the last row.
    package var description: String {
        let padded = rows.map { $0 + Array(repeating: "", count: columns.count - $0.count) }
        let widths = columns.indices.map { column in
            padded.map { $0[column].displayWidth }.reduce(columns[column].title.displayWidth, max)
        }
        func line(_ cells: [String]) -> String {
            let aligned = columns.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - cells[column].displayWidth)
                return columns[column].alignment == .left ? cells[column] + space : space + cells[column]
            }
            let text = aligned.joined(separator: "  ")
            return String(text.reversed().drop { $0 == " " }.reversed())
        }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        return ([line(columns.map(\.title)), rule] + padded.map(line)).joined(separator: "\n")
    }
}
