import Foundation

/// The bytes of a file, in pieces.
package enum FileBytes {
    /// Calls `body` with the bytes of a file in their order.
    ///
    /// - Parameter inflating: Whether it is about what the file stands for where its name ends in `.gz`.
    /// - Throws: `DatasetError.file` if the file cannot be read, or is damaged.
    package static func forEach(
        of url: URL, inflating: Bool, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(DatasetError) {
        let stream: any ByteStream =
            inflating ? try ContentStream(path: url.path) : try InputFile(path: url.path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try stream.read(into: buffer)
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if count < buffer.count { return }
        }
    }
}
