/// This library.
package enum Library {
    /// Its version.
    package static let version = "0.1.0"
}
