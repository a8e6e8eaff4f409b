/// Why a data set could not be read; the description names the file, what was found, what was expected and a remedy.
public enum DatasetError: Error, Hashable, Sendable {
    /// No data set has this name.
    case unknownName(String, known: [String])
    /// The folder with one subfolder for each data set cannot be used.
    case dataFolder(dataset: String, path: String, DataFolderDefect)
    /// Files, or folders, of a data set are not in the folder where they belong; what is there instead.
    case missingFiles(
        dataset: String, folder: String, files: [String], found: FolderContents, remedy: MissingFilesRemedy)
    /// A file cannot be read, or does not hold what it should.
    case file(path: String, FileDefect)
}

extension DatasetError {
    /// Whether files are missing, and not damaged.
    package var isAboutMissingFiles: Bool {
        switch self {
        case .unknownName, .dataFolder, .missingFiles, .file(_, .missing): true
        case .file: false
        }
    }
}

/// What is wrong with the folder that has one subfolder for each data set.
public enum DataFolderDefect: Hashable, Sendable {
    /// There is no such folder; the files of a data set belong in a folder in it.
    case missing(files: [String], folder: String)
    /// It is a file.
    case notAFolder
    /// The operating system does not let it be looked into, for the reason given.
    case unreadable(String)
}

/// What to do where files of a data set are missing.
public enum MissingFilesRemedy: Hashable, Sendable {
    /// Put them there.
    case put
    /// Put them there, as an archive has them.
    case putOrUnpack(archive: String)
    /// Unpack an archive that is there.
    case unpack(archive: String)
    /// Take another version of the data set, which is in an archive.
    case takeVersion(archive: String)
    /// Move the files, which are in the data folder itself, to a folder in it.
    case moveInto(String)
    /// Name another data folder, the one above.
    case nameFolder(String)
}

/// What separates the fields of a table.
public enum FieldSeparator: String, Sendable {
    /// `;`
    case semicolon
    /// A tabulator.
    case tab
    /// One or more blanks.
    case blank
}

/// What is wrong with a file of a data set.
public enum FileDefect: Hashable, Sendable {
    /// There is no such file.
    case missing
    /// It is a directory or a device.
    case notARegularFile
    /// The operating system does not let it be read, for the reason given.
    case unreadable(String)
    /// It has no content.
    case empty
    /// Its name ends in `.gz`, but it does not begin as gzip files do.
    case notGzip
    /// Its name does not end in `.gz`, but it begins as gzip files do.
    case gzipWithoutSuffix
    /// It is compressed, and so is what it stands for.
    case compressedTwice
    /// It is a file of another format.
    case otherFormat(FileFormat)
    /// The compressed data end too early, after so many bytes.
    case truncatedGzip(byteCount: Int)
    /// The compressed data are damaged, in the words of zlib.
    case damagedGzip(String)
    /// Something else follows the compressed data.
    case dataAfterGzip
    /// Fewer bytes than the header takes.
    case truncatedHeader(byteCount: Int, expected: Int)
    /// The first two bytes are not 0, so this is no IDX file.
    case wrongMagic(UInt8, UInt8)
    /// The elements are not unsigned bytes (type 8).
    case wrongElementType(UInt8)
    /// Not as many dimensions as expected.
    case wrongRank(Int, expected: Int)
    /// The header announces no elements.
    case noElements(shape: [Int])
    /// The header announces more elements than can be counted.
    case tooManyElements(shape: [Int])
    /// The header of a compressed file announces more bytes than such a file may stand for.
    case inflatesTooFar(shape: [Int], byteLimit: Int)
    /// Fewer elements than the header announces.
    case truncatedBody(byteCount: Int, shape: [Int])
    /// More data than the header announces.
    case trailingData(shape: [Int])
    /// Not as many labels as images.
    case wrongLabelCount(Int, images: String, imageCount: Int)
    /// A label that no class has.
    case labelOutOfRange(Int, index: Int, classCount: Int)
    /// The data end within an image and its labels, which take `recordSize` bytes together.
    case partialRecord(byteCount: Int, recordSize: Int)
    /// More images than any file of this kind has.
    case tooManyRecords(limit: Int)
    /// Images of another size than those of the training set.
    case wrongImageSize([Int], expected: [Int])
    /// More text than any file of this kind has.
    case tooLarge(byteLimit: Int)
    /// A text in UTF-16.
    case utf16
    /// A line of text with more bytes than can be kept.
    case lineTooLong(line: Int, limit: Int)
    /// The fields of a table are separated by something else than commas, which may stand for decimal points.
    case wrongSeparator(FieldSeparator, hasDecimalCommas: Bool)
    /// A table as the UCI repository has it, of which the papers use an excerpt.
    case originalOfUCI
    /// The first column of a table has the numbers of its rows.
    case columnOfRowNumbers
    /// The names of the columns come again in a later line.
    case repeatedHeader(line: Int)
    /// No date where the rows have dates.
    case notADate(String, line: Int)
    /// A field of a table that is no decimal number.
    case notANumber(String, line: Int, column: Int)
    /// A field of a table that is infinite, not a number by its own account, or too large for `float32`.
    case notFinite(String, line: Int, column: Int)
    /// Not as many columns as in the lines before.
    case wrongColumnCount(Int, line: Int, expected: Int)
    /// More numbers than any file of this kind has.
    case tooManyNumbers(limit: Int)
    /// Too few rows for one sample to train on and one to test with.
    case tooFewRows(Int, expected: Int)
    /// A character of a text that no text has.
    case controlCharacter(UInt8, line: Int)
    /// A line of text that is not UTF-8.
    case invalidUTF8(line: Int)
    /// More words than any file of this kind has.
    case tooManyWords(limit: Int)
    /// Too few words for one sample.
    case tooFewTokens(Int, expected: Int)
    /// A line of a list, the first being 1, does not say what it should.
    case malformedLine(Int, text: String, expected: String)
    /// A line of a list repeats what an earlier one has.
    case duplicate(String, line: Int, firstLine: Int)
    /// A line names a class that is not in the list of classes.
    case unknownClass(String, line: Int, list: String)
    /// There is no such file or folder, although a line of a list names it.
    case listedButMissing(list: String, line: Int)
    /// No file in a folder has the name of an image.
    case noImages
    /// It does not begin as JPEG files do.
    case notJPEG
    /// The image is damaged or ends too early, in the words of TurboJPEG.
    case damagedJPEG(String)
    /// An image with more pixels than can be meant.
    case imageTooLarge([Int], pixelLimit: Int)
    /// An image in the colours of print.
    case cmykJPEG
    /// An image whose height and width are not those of the image `model`.
    case wrongJPEGSize([Int], expected: [Int], model: String)
    /// The operating system does not let it be written, for the reason given.
    case unwritable(String)
}

extension DatasetError: CustomStringConvertible {
    /// One sentence for the user.
    public var description: String {
        switch self {
        case .unknownName(let name, let known):
            "unknown data set '\(name)': expected one of \(known.joined(separator: ", "))"
        case .dataFolder(let dataset, let path, let defect):
            "data set '\(dataset)' not found: the data folder \(path) \(defect), "
                + (defect.isMissing ? "\(Self.download(dataset)), " : "")
                + "or name another one with TELEPORT_DATA or --data"
        case .missingFiles(let dataset, let folder, let files, let found, let remedy):
            "data set '\(dataset)' not found: \(folder) lacks \(files.joined(separator: ", ")), and \(found); "
                + (remedy.isOfAbsence
                    ? "\(Self.download(dataset)), \(remedy), or name another data folder with --data" : "\(remedy)")
        case .file(let path, let defect): "\(path): \(defect)"
        }
    }

    private static func download(_ dataset: String) -> String {
        "run 'teleport data download \(dataset)' with the same --data"
    }
}

extension DataFolderDefect: CustomStringConvertible {
    /// Whether there is no folder, which a download makes.
    fileprivate var isMissing: Bool {
        if case .missing = self { true } else { false }
    }

    /// What is wrong and how to mend it, as the end of a sentence that begins with the folder.
    public var description: String {
        switch self {
        case .missing(let files, let folder):
            "does not exist; put \(files.joined(separator: ", ")) into \(folder)"
        case .notAFolder: "is a file, expected a folder with a subfolder for each data set; move it away"
        case .unreadable(let reason): "cannot be looked into (\(reason)); check its permissions"
        }
    }
}

extension MissingFilesRemedy: CustomStringConvertible {
    /// Whether the files are nowhere, or there is another version of them.
    fileprivate var isOfAbsence: Bool {
        switch self {
        case .put, .putOrUnpack, .takeVersion: true
        case .unpack, .moveInto, .nameFolder: false
        }
    }

    /// What to do.
    public var description: String {
        switch self {
        case .put: "put the files there, as they are or compressed by gzip (.gz)"
        case .putOrUnpack(let archive): "put there what \(archive) unpacks to"
        case .unpack(let archive): "unpack \(archive) in the folder that it is in"
        case .takeVersion(let archive): "put there what \(archive) unpacks to in the place of the version for Python"
        case .moveInto(let folder): "move the files from there to \(folder)"
        case .nameFolder(let folder): "name the folder above it: --data \(folder)"
        }
    }
}

extension FileDefect: CustomStringConvertible {
    /// What is wrong and how to mend it, without the name of the file.
    public var description: String {
        switch self {
        case .missing: "no such file; check the path"
        case .notARegularFile: "not a regular file; put the file of the data set in its place"
        case .unreadable(let reason): "cannot be read (\(reason)); check its permissions"
        case .empty: "the file is empty; download it again"
        case .notGzip: "not compressed by gzip although its name ends in .gz; download it again, or drop the suffix"
        case .gzipWithoutSuffix: "compressed by gzip although its name does not end in .gz; add the suffix"
        case .compressedTwice: "compressed by gzip twice; decompress it once with gunzip, and add the suffix .gz again"
        case .otherFormat(let format): "it is \(format.name), not a file of the data set; \(format.remedy)"
        case .truncatedGzip(let count): "the compressed data break off after \(count) bytes; download the file again"
        case .damagedGzip(let reason): "the compressed data are damaged (\(reason)); download the file again"
        case .dataAfterGzip: "other data follow the compressed data, expected the end; download the file again"
        case .truncatedHeader(let count, let expected):
            "the data end after \(count) bytes, within the header of \(expected) bytes; download the file again"
        case .wrongMagic(let first, let second):
            "not an IDX file: it begins with the bytes \(first) \(second), expected 0 0; download it again"
        case .wrongElementType(let type): "IDX element type \(type), expected 8 (unsigned bytes); use another file"
        case .wrongRank(let rank, let expected):
            "IDX data of rank \(rank), expected \(expected); check that images and labels are not exchanged"
        case .noElements(let shape):
            "the header announces \(Self.extents(shape)), no elements at all; download the file again"
        case .tooManyElements(let shape):
            "the header announces \(Self.extents(shape)) bytes, more than a file can hold; download the file again"
        case .inflatesTooFar(let shape, let limit):
            "the header announces \(Self.extents(shape)) bytes, expected at most \(limit) in a compressed file; decompress it with "
                + "gunzip if they are meant"
        case .truncatedBody(let count, let shape):
            "\(count) bytes of data, expected \(Self.extents(shape)) as the header announces; download the file again"
        case .trailingData(let shape):
            "more data than the \(Self.extents(shape)) bytes that the header announces; download the file again"
        case .wrongLabelCount(let count, let images, let imageCount):
            "\(count) labels, expected \(imageCount), one for each image of \(images); download both again"
        case .labelOutOfRange(let label, let index, let classCount):
            "label \(label) at index \(index), expected a class in 0..<\(classCount); download the file again"
        case .partialRecord(let count, let size):
            "\(count) bytes of data, expected a multiple of \(size), the bytes of an image and its labels; "
                + "download the file again"
        case .tooManyRecords(let limit):
            "more than \(limit) images, expected no more in one file; use the file of the binary version as it is"
        case .wrongImageSize(let size, let expected):
            "images of \(Self.extents(size)), expected \(Self.extents(expected)) as in the training set; "
                + "take all files from one data set"
        case .tooLarge(let limit):
            "more than \(limit) bytes of text, expected no more; use the file of the data set as it is"
        case .utf16:
            "a text in UTF-16, expected UTF-8; convert it with iconv -f UTF-16 -t UTF-8"
        case .lineTooLong(let line, let limit):
            "line \(line) has more than \(limit) bytes, expected no more; check that it is a text file, "
                + "or download it again"
        case .wrongSeparator(let separator, let hasDecimalCommas):
            "the fields of line 1 are separated by \(separator.rawValue)s, expected commas; convert it with "
                + separator.conversion(hasDecimalCommas: hasDecimalCommas)
        case .originalOfUCI:
            "the original of the UCI repository, expected the hourly excerpt of it; take electricity.txt or traffic.txt of "
                + "github.com/laiguokun/multivariate-time-series-data"
        case .columnOfRowNumbers:
            "the first column has no name and numbers the rows; leave it out, in pandas with to_csv(index=False)"
        case .repeatedHeader(let line):
            "line \(line) has the names of the columns again, as where a file was put together with itself; remove what is there "
                + "twice"
        case .notADate(let text, let line):
            "'\(text)' in line \(line), column 1, expected a date such as 2016-07-01 00:00:00; add the dates, or leave out their "
                + "column and its name"
        case .notANumber(let text, let line, let column):
            "'\(text)' in line \(line), column \(column), expected a decimal number; mend it, "
                + "or download the file again"
        case .notFinite(let text, let line, let column):
            "'\(text)' in line \(line), column \(column), expected a finite number of at most 3.4e38; "
                + "fill in what is missing"
        case .wrongColumnCount(let count, let line, let expected):
            "\(count) columns in line \(line), expected \(expected), separated by commas; "
                + Self.remedy(columnCount: count, expected: expected)
        case .tooManyNumbers(let limit):
            "more than \(limit) numbers, expected no more; use the file of the data set as it is"
        case .tooFewRows(let count, let expected):
            "\(count) rows, expected at least \(expected) for one sample in each part; use a longer series"
        case .controlCharacter(let byte, let line):
            "byte \(byte) in line \(line), expected text without control characters; download the file again"
        case .invalidUTF8(let line):
            "line \(line) is not UTF-8; convert the file to UTF-8, or download it again"
        case .tooManyWords(let limit):
            "more than \(limit) words, expected no more; use the file of the data set as it is"
        case .tooFewTokens(let count, let expected):
            "\(count) words, line ends included, expected at least \(expected) for one sample; use a longer text"
        case .malformedLine(let line, let text, let expected):
            "line \(line) is \(text.debugDescription), expected \(expected); unpack the archive again"
        case .duplicate(let entry, let line, let firstLine):
            "line \(line) has '\(entry)' a second time, after line \(firstLine); remove one of the lines"
        case .unknownClass(let identifier, let line, let list):
            "line \(line) has the class '\(identifier)', expected one of those in \(list); "
                + "take both files from one archive"
        case .listedButMissing(let list, let line):
            "missing, expected because line \(line) of \(list) names it; unpack the archive again"
        case .noImages:
            "no images, expected files whose names end in .JPEG, .jpeg or .jpg; unpack the archive again"
        case .notJPEG: "not a JPEG image, expected the bytes 255 216 at its beginning; unpack the archive again"
        case .damagedJPEG(let reason): "the image is damaged (\(reason)); unpack the archive again"
        case .imageTooLarge(let size, let limit):
            "the header announces \(Self.extents(size)) pixels, expected at most \(limit); take the image of the data set"
        case .cmykJPEG:
            "an image in the colours of print (CMYK), expected RGB or gray; convert it, for example with ImageMagick: "
                + "magick FILE -colorspace sRGB FILE"
        case .wrongJPEGSize(let size, let expected, let model):
            "an image of \(Self.extents(size)) pixels, expected \(Self.extents(expected)) as in \(model); "
                + "take all images from one archive"
        case .unwritable(let reason):
            "the decoded images cannot be written (\(reason)); make room on the disk"
        }
    }

    /// What may be wrong with lines of so many columns.
    private static func remedy(columnCount: Int, expected: Int) -> String {
        switch columnCount {
        // With a date, whose column has no decimal comma, they are one less than twice as many.
        case 2 * expected, 2 * expected - 1: "where commas stand in the numbers, write points"
        case expected + 1: "leave out a column that is no variable, as one of row numbers"
        default: "mend it, or download the file again"
        }
    }

    private static func extents(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }
}

extension FieldSeparator {
    /// A command that makes commas of separators, and points of decimal commas.
    fileprivate func conversion(hasDecimalCommas: Bool) -> String {
        let text =
            switch self {
            case .semicolon: ";"
            case .tab: "\\t"
            case .blank: " "
            }
        return (self == .blank ? "tr -s " : "tr ") + (hasDecimalCommas ? "',\(text)' '.,'" : "'\(text)' ','")
    }
}
