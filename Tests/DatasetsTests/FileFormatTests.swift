import Testing

@testable import Datasets

@Suite struct FileFormatTests {
    private static let beginnings: [(FileFormat, [UInt8])] = [
        (.webPage, Array("<!DOCTYPE html>\n<html>".utf8)), (.webPage, Array("\n <HTML lang=en>".utf8)),
        (.webPage, Array("<?xml version='1.0'?>".utf8)),
        (.gitLFSPointer, Array("version https://git-lfs.github.com/spec/v1\n".utf8)), (.pickle, [0x80, 0x02, 0x7d]),
        (.pickle, [0x80, 0x04, 0x95]), (.zip, Array("PK\u{3}\u{4}".utf8)),
        (.tar, Array("a.txt".utf8) + [UInt8](repeating: 0, count: 252) + Array("ustar".utf8)),
        (.sevenZip, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), (.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
        (.bzip2, Array("BZh91AY&SY".utf8)), (.zstandard, [0x28, 0xb5, 0x2f, 0xfd]),
        (.numPy, [0x93] + Array("NUMPY".utf8)),
        (.parquet, Array("PAR1\u{15}".utf8)), (.hdf5, [0x89] + Array("HDF\r\n".utf8)),
        (.png, [0x89] + Array("PNG\r\n".utf8)), (.gif, Array("GIF89a".utf8)), (.webP, Array("RIFF1234WEBP".utf8)),
    ]

    @Test func knowsEachFormatByItsBeginning() {
        for (format, bytes) in Self.beginnings { #expect(FileFormat(beginning: bytes + [1, 2, 3]) == format) }
        #expect(Set(Self.beginnings.map(\.0)) == Set(FileFormat.allCases))
    }

    @Test(arguments: [
        "", "<unk> the", "html", "<", "PK", "BZh the", "version 1", "PAR1 is", "RIFF", "date,a", "0.5,1", "GIF",
    ])
    func takesTextsForTexts(text: String) { #expect(FileFormat(beginning: text.utf8) == nil) }

    /// As it is, with the name of a compressed file, and compressed.
    @Test(arguments: beginnings) func isNamedByEachReader(format: FileFormat, bytes: [UInt8]) throws {
        let folder = try TemporaryFolder()
        for (name, content) in [("file", bytes), ("file.gz", bytes), ("inside.gz", gzip(bytes))] {
            let file = try folder.write(content, to: name)
            let expected = DatasetError.file(path: file.path, .otherFormat(format))
            #expect(throws: expected) { try IDXFile(contentsOf: file, rank: 3) }
            #expect(throws: expected) { try SeriesFile(contentsOf: file) }
            #expect(throws: expected) { try TextFile(contentsOf: file) }
            #expect(expected.description.count < file.path.count + 200)
        }
    }
}
