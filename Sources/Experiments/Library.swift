/// This library.
public enum Library {
    /// Its version.
    public static let version = "0.1.0"
}
