import CTorch

/// An operation returned an error that the caller may meet with good code: a decomposition that does not converge, a file
/// that cannot be mapped. Running out of memory ends the program.
public struct TorchError: Error, CustomStringConvertible {
    /// What libtorch said.
    public let description: String

    /// An error that is found before libtorch meets it.
    package init(description: String) { self.description = description }

    /// The error of the last libtorch call of this thread.
    static var last: TorchError { TorchError(description: String(cString: ct_last_error())) }
}

/// Ends the program with the message of the libtorch call that failed.
func trap(_ operation: StaticString) -> Never {
    fatalError("Torch.\(operation): \(String(cString: ct_last_error()))")
}

/// Traps if a call without a result failed.
func check(_ status: Int32, _ operation: StaticString = #function) {
    if status != 0 { trap(operation) }
}
