/// What a file is that is none of a data set, as its first bytes say.
public enum FileFormat: Hashable, Sendable, CaseIterable {
    /// A page of the web, which servers send in the place of a file that they do not give out.
    case webPage
    /// A pointer of Git LFS to a file that was not fetched.
    case gitLFSPointer
    /// Python objects, as in the Python versions of CIFAR.
    case pickle
    /// A zip archive.
    case zip
    /// A tar archive.
    case tar
    /// An archive of 7-Zip.
    case sevenZip
    /// Data compressed by xz.
    case xz
    /// Data compressed by bzip2.
    case bzip2
    /// Data compressed by Zstandard.
    case zstandard
    /// An array of NumPy.
    case numPy
    /// A table of Apache Parquet.
    case parquet
    /// A file of HDF5.
    case hdf5
    /// An image in the format PNG.
    case png
    /// An image in the format GIF.
    case gif
    /// An image in the format WebP.
    case webP

    /// The format whose files begin with these bytes; nil if none of these does.
    init?(beginning bytes: some Collection<UInt8>) {
        guard let format = Self.allCases.first(where: { $0.begins(bytes) }) else { return nil }
        self = format
    }

    /// The bytes to look at: as many as there are in front of the magic number of tar, and it.
    static let lookLength = 512

    private func begins(_ bytes: some Collection<UInt8>) -> Bool {
        switch self {
        case .webPage:
            ["<!doctype html", "<html", "<head", "<?xml"].contains {
                bytes.drop { $0 <= 0x20 }.prefix($0.utf8.count).elementsEqual($0.utf8) { $0 == $1 || $0 | 0x20 == $1 }
            }
        case .gitLFSPointer: bytes.starts(with: "version https://git-lfs".utf8)
        // The opcode PROTO and the versions since Python 2.3.
        case .pickle: (2...5).contains { bytes.starts(with: [0x80, $0]) }
        case .zip: bytes.starts(with: [0x50, 0x4b, 0x03, 0x04])
        // No binary file of a data set begins with a printable character, as the name of the first file is.
        case .tar:
            bytes.first.map { $0 > 0x20 } == true && bytes.dropFirst(257).starts(with: "ustar".utf8)
        case .sevenZip: bytes.starts(with: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])
        case .xz: bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])
        // "BZh", the size of the blocks, and the digits of pi.
        case .bzip2: bytes.starts(with: "BZh".utf8) && bytes.dropFirst(4).starts(with: [0x31, 0x41, 0x59, 0x26])
        case .zstandard: bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd])
        case .numPy: bytes.starts(with: [0x93] + "NUMPY".utf8)
        case .parquet: bytes.starts(with: "PAR1\u{15}".utf8)
        case .hdf5: bytes.starts(with: [0x89] + "HDF\r\n".utf8)
        case .png: bytes.starts(with: [0x89] + "PNG\r\n".utf8)
        case .gif: bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8)
        case .webP: bytes.starts(with: "RIFF".utf8) && bytes.dropFirst(8).starts(with: "WEBP".utf8)
        }
    }

    /// What a file of this format is called.
    var name: String {
        switch self {
        case .webPage: "a web page (HTML or XML)"
        case .gitLFSPointer: "a pointer of Git LFS"
        case .pickle: "a Python pickle"
        case .zip: "a zip archive"
        case .tar: "a tar archive"
        case .sevenZip: "a 7-Zip archive"
        case .xz: "compressed by xz"
        case .bzip2: "compressed by bzip2"
        case .zstandard: "compressed by Zstandard"
        case .numPy: "an array of NumPy"
        case .parquet: "a Parquet table"
        case .hdf5: "an HDF5 file"
        case .png: "a PNG image"
        case .gif: "a GIF image"
        case .webP: "a WebP image"
        }
    }

    /// What to do so that the file can be read.
    var remedy: String {
        switch self {
        case .webPage:
            "open it in a text editor to see what the server answered, and download the file from another address"
        case .gitLFSPointer: "fetch the file with git lfs pull"
        case .pickle: "take the binary version of the data set, cifar-10-binary.tar.gz or cifar-100-binary.tar.gz"
        case .zip, .tar, .sevenZip: "unpack it, and put the files that are in it in its place"
        case .xz: "decompress it with xz -d, with the suffix .xz at its name"
        case .bzip2: "decompress it with bzip2 -d"
        case .zstandard: "decompress it with zstd -d, with the suffix .zst at its name"
        case .numPy, .parquet, .hdf5: "take the files of the data set as they are distributed"
        case .png, .gif, .webP: "convert it to JPEG, for example with ImageMagick"
        }
    }
}
