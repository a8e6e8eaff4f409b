import Foundation

/// A picture of 12 x 10 pixels with chroma of half the resolution, written and decoded by Pillow 13.0 in Python:
/// `b"".join(plane.tobytes() for plane in Image.open(file).split())`.
enum PillowImage {
    static let file = bytes(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxO
        UlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09P
        T09PT09PT0//wAARCAAKAAwDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABgQF/8QAIRAAAQMEAQUAAAAAAAAAAAAAAQID
        BAAFESEGFTRBUbL/xAAVAQEBAAAAAAAAAAAAAAAAAAADBP/EABwRAAMAAgMBAAAAAAAAAAAAAAECAwAREiIxgf/aAAwDAQACEQMR
        AD8AzoYy81Fj7Gs5pZL5BbrCWYUht9Sy2F5QkEYJI8keqL8cGbtve6j5+o9da2e3T9KqJXF6rFx1AJ1i0fnd6t6Tr4M//9k=
        """)

    /// `[3, 10, 12]`.
    static let planes = bytes(
        """
        udfp0ZVOERJEkNn/u9bixopJFiFUmNz/yN3btHQ6Gi5vq+7/2+bSnFoqGzuUyP//39+7fkMkK1ip1P/bz8eWXTYtS4Lb7OdfvKxx
        QSw6bqvU5tksrphYKydDg8Lk+eglqoJBJShSm9D07MogoXg3HihWpdrw5cEWAA4mQWh5h5eatcviABIoQGR2iJ6jt87fAiEzQlxs
        gp6ww+HnGzdDRlVgeJfF1/vpK0JJSFRheZvE1vvKKD5HSFpuia3j4dxUJThDS2R9mb3J0s8qKTtHUWyGn7/M4OIqODhJXniTqr7U
        0skrODlLY3uWrMPMy8IkAAQuYqvIz8KRgXN5ABM1YaG6xLyOfHV3GTlMY4ydpaKGeYWESmBhYXV4f36DfJ2KbHdqWF5cX2Vna51y
        bXJcR05QVl1zbYAEWltDMz9IUVpLV3YAREUtIjU/SlRGYo4ALR0QFy9BTU5NV3kAGg0EECk/TFFEUHYA
        """)

    private static func bytes(_ text: String) -> [UInt8] {
        [UInt8](Data(base64Encoded: text, options: .ignoreUnknownCharacters)!)
    }
}
