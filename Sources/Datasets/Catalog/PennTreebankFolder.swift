import Foundation

/// The text files in which Penn Treebank is distributed for language modelling, each as it is or compressed.
///
/// The third of them, `ptb.valid.txt`, is not read.
struct PennTreebankFolder {
    /// The name of the data set.
    let name: String
    /// Where the files are.
    let folder: URL

    private static let train = "ptb.train.txt"
    private static let test = "ptb.test.txt"

    /// Reads the files.
    ///
    /// - Throws: `DatasetError` if files are missing, damaged or too short.
    func read() throws(DatasetError) -> Split<TextDataset> {
        // Both are looked up first, so that one error can name all that are missing.
        let missing = [Self.train, Self.test].filter { folder.existingFile($0) == nil }
        guard missing.isEmpty else {
            throw .missingFiles(dataset: name, folder: folder.path, files: missing)
        }
        let train = try TextFile(contentsOf: url(Self.train))
        let test = try TextFile(contentsOf: url(Self.test), vocabulary: train.vocabulary)
        return Split(name: name, train: try samples(of: train), test: try samples(of: test))
    }

    private func url(_ file: String) -> URL {
        folder.existingFile(file) ?? folder.appendingPathComponent(file)
    }

    private func samples(of file: TextFile) throws(DatasetError) -> TextDataset {
        let samples = TextDataset(file.tokens, vocabulary: file.vocabulary)
        guard samples.count > 0 else {
            throw .file(path: file.url.path, .tooFewTokens(file.tokens.count, expected: samples.length + 1))
        }
        return samples
    }
}
