import CTorch
import Foundation
import Synchronization

/// An operation returned an error that the caller may meet with good code: a decomposition that does not converge, a file
/// that cannot be mapped. Running out of memory ends the program.
public struct TorchError: Error, CustomStringConvertible {
    /// What libtorch, or the operating system, said.
    public let description: String

    /// An error that is found before libtorch meets it.
    package init(description: String) { self.description = description }

    /// The error of the last libtorch call of this thread.
    static var last: TorchError { TorchError(description: String(cString: ct_last_error())) }

    /// What the operating system says of an error, given its number.
    static func system(_ code: Int32) -> TorchError { TorchError(description: String(cString: strerror(code))) }
}

/// Ends the program with the message of the libtorch call that failed.
func trap(_ operation: StaticString) -> Never {
    let message = String(cString: ct_last_error())
    if OutOfMemory.isMeant(by: message) { OutOfMemory.handler.withLock { $0 }?(message) }
    fatalError("Torch.\(operation): \(message)")
}

/// What a program does where an operation finds no memory for its result.
package enum OutOfMemory {
    /// Is told what libtorch said, and may end the program; where it returns, or is nil, the program traps.
    package static let handler = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Whether the allocators of the CPU and of CUDA say this where they have nothing to give.
    static func isMeant(by message: String) -> Bool {
        ["not enough memory", "can't allocate memory", "out of memory"].contains { message.contains($0) }
    }
}

/// Traps if a call without a result failed.
func check(_ status: Int32, _ operation: StaticString = #function) {
    if status != 0 { trap(operation) }
}
