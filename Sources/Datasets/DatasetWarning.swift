import Foundation

/// What was found in the files of a data set that can be read, and is hardly meant to be there.
public struct DatasetWarning: Hashable, Sendable {
    /// The file or folder.
    public let path: String
    /// What it is about.
    public let concern: Concern

    /// A warning about a file or folder.
    public init(path: String, _ concern: Concern) {
        self.path = path
        self.concern = concern
    }

    /// What is doubtful about data.
    public enum Concern: Hashable, Sendable {
        /// So many files that are no images, or that nothing lists, the first of them by its name.
        case passedOver(Int, first: String, PassingReason)
        /// A share of the images, of so many that were looked at, has one value in all pixels.
        case blankImages(share: Double, lookedAt: Int)
        /// All images that were looked at, so many, are equal.
        case equalImages(lookedAt: Int)
        /// There are images of some classes only.
        case fewClasses(Int, of: Int)
        /// The date of a row is not after that of the row before.
        case datesDoNotAscend(String, line: Int)
        /// The series is one of so many rows, again and again.
        case repeatedRows(period: Int)
        /// Columns, the first being 1, have one value in the rows to train on, and others in those to test with.
        case constantInTraining(columns: [Int])
        /// Columns have values in the rows to test with that are so many standard deviations of the rows to train on, or
        /// less, from the mean of these.
        case farFromTraining(columns: [Int], deviations: Double)
        /// A share of the words is not in the training text.
        case unknownWords(share: Double)
        /// A text has one word only, again and again.
        case oneWord
    }

    /// Why a file was passed over.
    public enum PassingReason: Hashable, Sendable {
        /// Its name does not end as those of JPEG images do.
        case noImageName
        /// A list of files, or of classes, does not name it.
        case notListed(in: String)
    }
}

extension DatasetWarning: CustomStringConvertible {
    /// One sentence for the user.
    public var description: String { "\(path): \(concern)" }
}

extension DatasetWarning.Concern: CustomStringConvertible {
    /// What was found and what it means, without the name of the file.
    public var description: String {
        switch self {
        case .passedOver(let count, let first, let reason):
            "\(count == 1 ? "1 entry was" : "\(count) entries were") passed over, '\(String(excerptOf: first.utf8, length: 60))'"
                + (count == 1 ? "" : " first") + ": \(reason)"
        case .blankImages(let share, let count):
            "\(Self.percent(share)) of \(count) images looked at are blank, with one value in all their pixels; check the file"
        case .equalImages(let count): "all of \(count) images looked at are equal; check the file"
        case .fewClasses(let count, let total):
            "the labels are of \(count) of \(total) classes only; check that the file is whole"
        case .datesDoNotAscend(let date, let line):
            "the date '\(date)' in line \(line) is not after the one before; check that the rows are in order"
        case .repeatedRows(let period):
            "after \(period) rows the same rows come again, so that the test data are among the training data; check that "
                + "the file was not put together with itself"
        case .constantInTraining(let columns):
            "\(Self.list(columns)) constant in the training rows and not in the test rows, so that no model can forecast it; "
                + "leave it out of what the losses tell"
        case .farFromTraining(let columns, let deviations):
            "\(Self.list(columns)) in the test rows up to \(Self.rounded(deviations)) standard deviations of the training rows "
                + "away from their mean, so that the test loss says little"
        case .unknownWords(let share):
            "\(Self.percent(share)) of the words are not in the training text; check that both texts belong together"
        case .oneWord: "there is one word only, again and again; check the file"
        }
    }

    private static func percent(_ share: Double) -> String { "\(max(Int(100 * share), 1)) %" }

    private static func rounded(_ number: Double) -> String {
        number < 1e6 ? "\(Int(number))" : "1e\(Int(log10(number)))"
    }

    /// `column 3 is`, or `columns 1, 2, 5 and 7 more are`.
    private static func list(_ columns: [Int]) -> String {
        guard columns.count > 1 else { return "column \(columns.first ?? 0) is" }
        let shown = columns.prefix(3).map(String.init).joined(separator: ", ")
        return "columns \(shown)" + (columns.count > 3 ? " and \(columns.count - 3) more" : "") + " are"
    }
}

extension DatasetWarning.PassingReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .noImageName: "images are those whose names end in .JPEG, .jpeg or .jpg"
        case .notListed(let list): "\(list) does not list it"
        }
    }
}
