import Foundation

/// The text files in which Penn Treebank is distributed for language modelling, each as it is or compressed.
///
/// The third of them, `ptb.valid.txt`, is not read.
struct PennTreebankFolder: DatasetFolder {
    /// The name of the data set.
    let name: String
    /// The folder with one subfolder for each data set.
    let root: URL

    /// The names of the texts to train on and to test with.
    static let files = ["ptb.train.txt", "ptb.test.txt"]

    /// The most words of a text; twice as many as the training text has.
    var tokenLimit = 2_000_000

    /// Reads the files.
    ///
    /// - Throws: `DatasetError` if files are missing, damaged or too short.
    func read() throws(DatasetError) -> Split<TextDataset> {
        let urls = try search.urls()
        let train = try TextFile(contentsOf: urls[0], tokenLimit: tokenLimit)
        let test = try TextFile(contentsOf: urls[1], vocabulary: train.vocabulary, tokenLimit: tokenLimit)
        return Split(
            name: name, train: try samples(of: train), test: try samples(of: test),
            sizes: [
                .trainingWords: train.tokens.count, .testWords: test.tokens.count, .vocabulary: train.vocabulary.count,
            ],
            warnings: DatasetWarning.aboutTexts(train, test))
    }

    var search: FileSearch {
        let archiveFolder = "simple-examples/data"
        return FileSearch(
            dataset: name, root: root, folders: ["ptb", name, archiveFolder, "ptb/" + archiveFolder],
            files: Self.files.map { [$0] }, archives: ["simple-examples.tgz"])
    }

    func split() throws(DatasetError) -> Split<any Dataset> { try read().erased }

    func check(_ part: Int, at url: URL) throws(DatasetError) -> Bool {
        _ = try samples(of: TextFile(contentsOf: url, tokenLimit: tokenLimit))
        return true
    }

    private func samples(of file: TextFile) throws(DatasetError) -> TextDataset {
        let samples = TextDataset(file.tokens, vocabulary: file.vocabulary)
        guard samples.count > 0 else {
            throw .file(path: file.url.path, .tooFewTokens(file.tokens.count, expected: samples.length + 1))
        }
        return samples
    }
}
