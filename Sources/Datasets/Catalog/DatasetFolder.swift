import Foundation

/// The files of a data set in a data folder: where they are looked for, and what reads them.
protocol DatasetFolder {
    /// Where the files are looked for.
    var search: FileSearch { get }

    /// Where they are, or are missing.
    var location: DatasetLocation { get }

    /// Reads the files.
    ///
    /// - Throws: `DatasetError` if files are missing or damaged, or do not fit together.
    func split() throws(DatasetError) -> Split<any Dataset>

    /// Reads one of the parts of the location whole, by itself.
    ///
    /// - Returns: Whether that was done; false for what is read only together with others.
    /// - Throws: `DatasetError` if it is damaged.
    func check(_ part: Int, at url: URL) throws(DatasetError) -> Bool
}

extension DatasetFolder {
    var location: DatasetLocation { search.location }

    func check(_ part: Int, at url: URL) throws(DatasetError) -> Bool { false }
}
