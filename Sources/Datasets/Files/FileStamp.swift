import Foundation

/// A file as a folder lists it: by name, size and time, without what is in it.
struct FileStamp {
    /// The path from the folder of the data set.
    let name: String
    let size: Int64
    /// The time of the last change, in seconds and nanoseconds.
    let modified: (seconds: Int64, nanoseconds: Int64)

    /// Looks at a file in a folder.
    ///
    /// - Returns: Nil if there is no such file.
    /// - Throws: `DatasetError.file` if it is something else than a regular file, or cannot be looked at.
    init?(_ name: String, in folder: URL) throws(DatasetError) {
        let path = folder.path + "/" + name
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { return nil }
            throw .file(path: path, .unreadable(String(cString: strerror(code))))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, .notARegularFile) }
        #if os(macOS)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        self.name = name
        size = Int64(status.st_size)
        modified = (Int64(time.tv_sec), Int64(time.tv_nsec))
    }
}

extension URL {
    /// The names in this folder that are not hidden, sorted by their bytes, or nil if there is no such folder. Those that are
    /// not UTF-8 are shown with substitutes.
    ///
    /// - Throws: `DatasetError.file` if the folder cannot be read.
    func visibleNames() throws(DatasetError) -> [FolderEntry]? {
        guard let directory = opendir(path) else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { return nil }
            throw .file(path: path, .unreadable(String(cString: strerror(code))))
        }
        defer { closedir(directory) }
        var entries: [FolderEntry] = []
        while let entry = readdir(directory) {
            let start = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \dirent.d_name)!
            let bytes = start.assumingMemoryBound(to: CChar.self)
            guard bytes.pointee != CChar(UInt8(ascii: ".")) else { continue }
            let name = String(validatingCString: bytes)
            entries.append(FolderEntry(name: name ?? String(cString: bytes), isText: name != nil))
        }
        // The order of a folder is another on each machine.
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

/// A name in a folder.
struct FolderEntry {
    let name: String
    /// Whether it is UTF-8, so that the file can be found by it.
    let isText: Bool

    private static let imageSuffixes = [".jpeg", ".jpg"]

    /// Whether it is the name of a JPEG image, in capital letters or small ones.
    var isOfImage: Bool { isText && Self.imageSuffixes.contains { name.lowercased().hasSuffix($0) } }
}

/// The 64-bit FNV-1a hash of what is combined into it.
///
/// It tells apart lists of files that differ by accident, in a few lines and without a dependency. It is no protection
/// against someone who makes two lists on purpose that have one hash.
struct Fingerprint {
    /// The hash so far.
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The fingerprint of the names, sizes and times of files in their order.
    init(_ files: [FileStamp]) {
        for file in files {
            // No name has a zero byte in it, so that names of different lengths cannot be taken for each other.
            combine(file.name.utf8)
            combine(CollectionOfOne(0))
            for number in [file.size, file.modified.seconds, file.modified.nanoseconds] {
                combine((0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
            }
        }
    }

    private mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
