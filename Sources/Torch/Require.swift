/// Ends the program with a message where a programmer's condition does not hold: shapes that do not fit, counts that
/// differ.
///
/// Unlike `precondition`, whose message is lost in optimized builds, this always says why.
///
/// - Parameters:
///   - condition: What the caller must see to.
///   - message: What is wrong, with the shapes or values.
///   - file: Where the condition stands.
///   - line: Where the condition stands.
public func require(
    _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
    if !condition { fatalError(message(), file: file, line: line) }
}
