import Foundation
import Torch

/// The file in which a multivariate series is distributed, as it is or compressed.
struct SeriesFolder: DatasetFolder {
    /// Which of the series it is.
    let layout: Layout
    /// The folder with one subfolder for each data set.
    let root: URL

    /// How the file of a series is called, and how much it has.
    struct Layout {
        /// The name of the data set.
        let name: DatasetName
        /// The names of the file: the usual one, and that of Autoformer's collection.
        let files: [String]
        /// The folder that it has in Autoformer's collection.
        let collectionFolder: String
        /// The rows of the file as it is distributed.
        let rowCount: Int
        /// The variables of the series.
        let columnCount: Int

        static let electricity = Layout(.electricity, "electricity", rowCount: 26_304, columnCount: 321)
        static let traffic = Layout(.traffic, "traffic", rowCount: 17_544, columnCount: 862)
        static let exchangeRate = Layout(.exchangeRate, "exchange_rate", rowCount: 7_588, columnCount: 8)
        static let ettH1 = Layout(.ettH1, transformer: "ETTh1", rowCount: 17_420)
        static let ettH2 = Layout(.ettH2, transformer: "ETTh2", rowCount: 17_420)
        static let ettM1 = Layout(.ettM1, transformer: "ETTm1", rowCount: 69_680)
        static let ettM2 = Layout(.ettM2, transformer: "ETTm2", rowCount: 69_680)

        private init(_ name: DatasetName, _ file: String, rowCount: Int, columnCount: Int) {
            self.name = name
            files = [file + ".txt", file + ".csv"]
            collectionFolder = file
            self.rowCount = rowCount
            self.columnCount = columnCount
        }

        private init(_ name: DatasetName, transformer file: String, rowCount: Int) {
            self.name = name
            files = [file + ".csv"]
            collectionFolder = "ETT-small"
            self.rowCount = rowCount
            columnCount = 7
        }
    }

    /// A folder where the files of several data sets may lie together.
    private static let sharedFolder = "time-series"

    /// Reads the file.
    ///
    /// - Throws: `DatasetError` if it is missing or damaged, has other columns than the data set, or the series is too short
    ///   or more than twice as long as it.
    func read() throws(DatasetError) -> Split<SeriesDataset> {
        let name = layout.name.rawValue
        let url = try search.urls()[0]
        let file = try file(at: url)
        let rowCount = file.values.size(0)
        guard let split = SeriesDataset.split(named: name, of: file.values) else {
            throw .file(path: url.path, .tooFewRows(rowCount, expected: SeriesDataset.minimumRowCount()))
        }
        return Split(
            name: name, train: split.train, test: split.test,
            sizes: [.rows: rowCount, .columns: layout.columnCount],
            warnings: file.warnings + DatasetWarning.aboutSeries(split, in: url.path))
    }

    var search: FileSearch {
        let name = layout.name.rawValue
        return FileSearch(
            dataset: name, root: root, folders: [name, Self.sharedFolder, layout.collectionFolder],
            files: [layout.files])
    }

    func split() throws(DatasetError) -> Split<any Dataset> { try read().erased }

    func check(_ part: Int, at url: URL) throws(DatasetError) -> Bool {
        _ = try file(at: url)
        return true
    }

    private func file(at url: URL) throws(DatasetError) -> SeriesFile {
        try SeriesFile(
            contentsOf: url, columnCount: layout.columnCount, valueLimit: 2 * layout.rowCount * layout.columnCount)
    }
}
