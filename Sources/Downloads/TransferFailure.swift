import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Why a file could not be had from an address.
enum TransferFailure: Error, Equatable {
    /// The server answered with a status that is no success.
    case status(Int)
    /// There is no connection, or it broke, for the reason given.
    case connection(String)
    /// No byte came for so many seconds.
    case stalled(seconds: Double)
    /// The data ended early.
    case truncated(count: Int, expected: Int)
    /// More data than the file can have.
    case tooLong(limit: Int)
    /// A redirection to an address that was asked before.
    case redirectionLoop(String)
    /// More redirections than anyone needs.
    case tooManyRedirections(limit: Int)
    /// A redirection to an address that is none, or of another kind.
    case redirectionElsewhere(String)
    /// A redirection from https to http.
    case insecureRedirection(String)
    /// The server compressed the file on the way.
    case encoded(String)
    /// The file is another one than is known.
    case checksum(found: String, expected: String)
    /// The server sent another part than was asked for, or a part of a file that has changed.
    case otherPart

    /// Whether the same address may have it a little later.
    var isPassing: Bool {
        switch self {
        case .status(let code): [408, 425, 429, 500, 502, 503, 504].contains(code)
        case .connection, .stalled, .truncated: true
        default: false
        }
    }
}

extension TransferFailure: CustomStringConvertible {
    /// What happened, as the end of a sentence that begins with the address.
    var description: String {
        switch self {
        case .status(let code):
            "the server answers \(code) (\(HTTPURLResponse.localizedString(forStatusCode: code)))"
        case .connection(let reason): "no connection (\(reason))"
        case .stalled(let seconds): "no data for \(Int(seconds.rounded(.up))) s"
        case .truncated(let count, let expected): "the data ended after \(count) of \(expected) bytes"
        case .tooLong(let limit): "more than \(limit) bytes, which no such file has"
        case .redirectionLoop(let address): "the server sends in a circle, back to \(address)"
        case .tooManyRedirections(let limit): "the server sends from one address to another more than \(limit) times"
        case .redirectionElsewhere(let address): "the server sends to '\(address)', which is no address of the web"
        case .insecureRedirection(let address): "the server sends from https to \(address), which anyone could alter"
        case .encoded(let coding): "the server compresses the file on the way (\(coding)), unasked"
        case .checksum(let found, let expected):
            "another file than is known (SHA-256 \(found.prefix(12))..., expected \(expected.prefix(12))...)"
        case .otherPart: "the server sent another part of the file than was asked for"
        }
    }
}
