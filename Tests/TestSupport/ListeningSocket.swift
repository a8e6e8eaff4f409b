import Foundation

/// A port that nobody listens at.
package func freePort() -> UInt16 {
    let (socket, port) = listeningSocket()
    close(socket)
    return port
}

/// A socket that somebody listens with, and its port, which nobody else can then listen at.
///
/// - Parameters:
///   - address: Whom it listens to: all, or this machine alone.
///   - backlog: How many may wait to be answered.
package func listeningSocket(
    at address: UInt32 = INADDR_ANY, backlog: Int32 = 1
) -> (socket: Int32, port: UInt16) {
    #if canImport(Glibc)
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
        let socket = Foundation.socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = address.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &place) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(socket, $0, size) == 0 && listen(socket, backlog) == 0 && getsockname(socket, $0, &size) == 0
        }
    }
    guard isBound else { fatalError("no socket to listen with: \(String(cString: strerror(errno)))") }
    return (socket, UInt16(bigEndian: place.sin_port))
}
