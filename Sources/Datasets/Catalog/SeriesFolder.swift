import Foundation
import Torch

/// The file in which a multivariate series is distributed, as it is or compressed.
struct SeriesFolder {
    /// The name of the data set.
    let name: String
    /// The name of its file.
    let file: String
    /// What is in the file besides numbers.
    let layout: SeriesFile.Layout
    /// The folder with one subfolder for each data set.
    let root: URL

    /// A folder where the files of several data sets may lie together.
    private static let sharedFolder = "time-series"

    /// Reads the file.
    ///
    /// - Throws: `DatasetError` if it is missing or damaged, or the series is too short.
    func read() throws(DatasetError) -> Split<SeriesDataset> {
        let folders = [name, Self.sharedFolder].map { root.appendingPathComponent($0) }
        guard let url = folders.lazy.compactMap({ $0.existingFile(file) }).first else {
            throw .missingFiles(dataset: name, folder: folders[0].path, files: [file])
        }
        let values = try SeriesFile(contentsOf: url, layout: layout).values
        guard let split = SeriesDataset.split(named: name, of: values) else {
            let rowCount = SeriesDataset.minimumRowCount()
            throw .file(path: url.path, .tooFewRows(values.size(0), expected: rowCount))
        }
        return split
    }
}
