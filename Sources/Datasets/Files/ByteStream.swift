/// Bytes that arrive in order: those of a file, or those that a compressed file stands for.
protocol ByteStream {
    /// The file that they come from, for error messages.
    var path: String { get }

    /// Writes the next bytes into `buffer` until it is full or the data end.
    ///
    /// - Returns: The number of bytes written, less than the size of the buffer only at the end of the data.
    /// - Throws: `DatasetError` if the file cannot be read or is damaged.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int
}
