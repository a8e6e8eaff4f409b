import Foundation
import Synchronization

/// A web server for one test, which only this machine reaches.
package final class WebServer: Sendable {
    /// What a client asks for.
    package struct Request: Sendable {
        /// The path, with a slash before it.
        package let path: String
        /// The fields of the head, by their names in small letters.
        package let headers: [String: String]

        /// Where the part that is asked for begins; nil if all is asked for.
        package var start: Int? {
            headers["range"].flatMap { $0.firstMatch(of: /bytes=([0-9]+)-/) }.flatMap { Int($0.1) }
        }
    }

    /// What the server answers.
    package struct Answer: Sendable {
        /// The status, as 200.
        package var status: Int
        /// The fields of the head, but for the length.
        package var headers: [String: String]
        /// What is sent of the body.
        package var body: [UInt8]
        /// The length of the body as the head has it; nil if it says none.
        package var length: Int?
        /// Whether the connection stays open after the body, without a word.
        package var stalls = false

        /// An answer with a body.
        package init(_ status: Int = 200, headers: [String: String] = [:], _ body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
            length = body.count
        }
    }

    private struct State {
        var requests: [Request] = []
        var isStopped = false
    }

    private let socket: Int32
    private let port: UInt16
    private let state = Mutex(State())
    private let answer: @Sendable (Request, Int) -> Answer

    /// The address of its root, without a slash at the end.
    package var address: String { "http://127.0.0.1:\(port)" }

    /// What was asked for so far.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// Starts a server.
    ///
    /// - Parameter answer: Answers a request, the first of which has the number 0.
    package init(_ answer: @escaping @Sendable (Request, Int) -> Answer) throws {
        self.answer = answer
        // A client that has gone away is no reason to end the tests.
        signal(SIGPIPE, SIG_IGN)
        let (listener, port) = listeningSocket(at: INADDR_LOOPBACK, backlog: 16)
        self.port = port
        socket = listener
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { [weak self] in
                    self?.serve(connection)
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    /// Lets connections go that stalled.
    package func stop() { state.withLock { $0.isStopped = true } }

    private func serve(_ connection: Int32) {
        guard let request = Self.request(on: connection) else { return }
        let number = state.withLock { state in
            state.requests.append(request)
            return state.requests.count - 1
        }
        let answer = answer(request, number)
        var head = "HTTP/1.1 \(answer.status) Status\r\nConnection: close\r\n"
        if let length = answer.length { head += "Content-Length: \(length)\r\n" }
        for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
        Self.send(Array((head + "\r\n").utf8) + answer.body, on: connection)
        let deadline = Date(timeIntervalSinceNow: 20)
        while answer.stalls, !state.withLock({ $0.isStopped }), Date() < deadline {
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    private static func request(on connection: Int32) -> Request? {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        let lines = text.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        let fields = lines.dropFirst().compactMap { line in
            line.firstIndex(of: ":").map {
                (line[..<$0].lowercased(), line[line.index(after: $0)...].trimmingCharacters(in: .whitespaces))
            }
        }
        return Request(path: String(words[1]), headers: Dictionary(fields) { first, _ in first })
    }

    private static func send(_ bytes: [UInt8], on connection: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(connection, $0.baseAddress! + sent, bytes.count - sent) }
            guard count > 0 else { return }
            sent += count
        }
    }
}
