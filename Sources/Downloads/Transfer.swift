import Datasets
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One request, the answer to which is written to a file as it arrives.
///
/// Redirections are not followed: where they lead is for the caller to judge.
final class Transfer: NSObject, URLSessionDataDelegate {
    /// What came of a request.
    enum Outcome: Equatable {
        /// All data have arrived.
        case complete
        /// They are elsewhere.
        case redirection(to: String)
        /// The server has not, or not any more, the part that was asked for.
        case noSuchPart
    }

    /// What ends a transfer early.
    private enum Interruption: Error {
        case outcome(Outcome)
        case failure(TransferFailure)
        case disk(DatasetError)
    }

    private struct State {
        var interruption: Interruption?
        /// Where the next bytes go; nil until the answer is known to have the data in its body.
        var offset: Int?
        /// The bytes of the whole file, if the server says.
        var length: Int?
        var lastSign = ContinuousClock.now
        var failure: String?
    }

    private let address: URL
    private let source: URL
    private let partial: PartialDownload
    private let limit: Int
    /// What the server is asked to go on with.
    private let part: PartialDownload.Origin?
    private let state = Mutex(State())
    private let end = DispatchSemaphore(value: 0)

    /// A request for a file, or for what is missing of it.
    ///
    /// - Parameters:
    ///   - source: The address that the file is known under, which may have led to this one.
    ///   - part: Where what is there comes from, if the transfer goes on with it.
    ///   - limit: The most bytes that the file may have.
    init(
        _ address: URL, of source: URL, into partial: PartialDownload, goingOnWith part: PartialDownload.Origin?,
        limit: Int
    ) {
        self.address = address
        self.source = source
        self.partial = partial
        self.part = part
        self.limit = limit
    }

    /// Sends the request, and waits for the data.
    ///
    /// - Parameters:
    ///   - stallLimit: The seconds without any data after which it is given up.
    ///   - progress: Takes the bytes that are there and those of the whole file, if known, about ten times a second.
    /// - Throws: `TransferFailure`, or `DatasetError.file` if the file cannot be written.
    func run(stallLimit: Double, progress: (Int, Int?) -> Void) throws -> Outcome {
        var request = URLRequest(url: address, cachePolicy: .reloadIgnoringLocalCacheData)
        // Else the library would decompress what some servers call an encoding, although it is the file itself.
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        request.setValue("swift-teleportation", forHTTPHeaderField: "User-Agent")
        if let part {
            request.setValue("bytes=\(partial.file.size)-", forHTTPHeaderField: "Range")
            if let validator = part.validator { request.setValue(validator, forHTTPHeaderField: "If-Range") }
        }
        let configuration = URLSessionConfiguration.ephemeral
        // The time limit is kept here: what the library measures is not the same on every system.
        configuration.timeoutIntervalForRequest = stallLimit + 60
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        let task = session.dataTask(with: request)
        state.withLock { $0.lastSign = .now }
        task.resume()
        while end.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
            let (offset, length, sign, isEnding) = state.withLock {
                ($0.offset, $0.length, $0.lastSign, $0.interruption != nil)
            }
            if let offset { progress(offset, length) }
            guard isEnding || ContinuousClock.now - sign > .seconds(stallLimit) else { continue }
            // Most that is to end ends by itself.
            if isEnding, end.wait(timeout: .now() + .seconds(1)) == .success { break }
            interrupt(.failure(.stalled(seconds: stallLimit)))
            task.cancel()
            // The library may be the one that hangs.
            _ = end.wait(timeout: .now() + .seconds(5))
            break
        }
        return try outcome(progress)
    }

    private func outcome(_ progress: (Int, Int?) -> Void) throws -> Outcome {
        let state = state.withLock { $0 }
        switch state.interruption {
        case .outcome(let outcome): return outcome
        case .failure(let failure): throw failure
        case .disk(let error): throw error
        case nil: break
        }
        if let length = state.length, let offset = state.offset, offset != length {
            throw offset < length
                ? TransferFailure.truncated(count: offset, expected: length) : .tooLong(limit: length)
        }
        if let failure = state.failure { throw TransferFailure.connection(failure) }
        guard let offset = state.offset else { throw TransferFailure.connection("no answer") }
        progress(offset, state.length)
        return .complete
    }

    /// Notes why the transfer is to end; of several reasons the first is kept.
    ///
    /// What ends it is the answer to a question of the library, or what waits for the data: a task that is cancelled while the
    /// library waits for an answer ends the process on Linux.
    private func interrupt(_ interruption: Interruption) {
        state.withLock { if $0.interruption == nil { $0.interruption = interruption } }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
    ) {
        interrupt(.outcome(.redirection(to: response.value(forHTTPHeaderField: "Location") ?? "")))
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        do throws(Interruption) {
            guard let response = response as? HTTPURLResponse else {
                throw .failure(.connection("no answer of a web server"))
            }
            try accept(response)
            completionHandler(.allow)
        } catch {
            interrupt(error)
            completionHandler(.cancel)
        }
    }

    /// Takes the head of an answer, and prepares the file for its body.
    private func accept(_ response: HTTPURLResponse) throws(Interruption) {
        func header(_ name: String) -> String? { response.value(forHTTPHeaderField: name) }
        if let coding = header("Content-Encoding"), coding.lowercased() != "identity", !coding.isEmpty {
            throw .failure(.encoded(coding))
        }
        switch response.statusCode {
        case 200:
            let length = header("Content-Length").flatMap(Int.init)
            if let length, length > limit { throw .failure(.tooLong(limit: limit)) }
            let origin = PartialDownload.Origin(
                address: source, entityTag: header("ETag"), lastModified: header("Last-Modified"), length: length)
            do { try partial.begin(origin) } catch { throw .disk(error) }
            state.withLock { ($0.offset, $0.length, $0.lastSign) = (0, length, .now) }
        case 206:
            guard let part, let range = header("Content-Range").flatMap(ContentRange.init) else {
                throw .failure(.otherPart)
            }
            // A server that does not heed If-Range may send a part of another version.
            guard range.start == partial.file.size, part.length == nil || range.total == part.length,
                part.entityTag == nil || header("ETag") == nil || part.entityTag == header("ETag"),
                part.lastModified == nil || header("Last-Modified") == nil
                    || part.lastModified == header("Last-Modified")
            else { throw .outcome(.noSuchPart) }
            state.withLock { ($0.offset, $0.length, $0.lastSign) = (range.start, range.total, .now) }
        case 301, 302, 303, 307, 308: throw .outcome(.redirection(to: header("Location") ?? ""))
        case 416: throw .outcome(.noSuchPart)
        case let code: throw .failure(.status(code))
        }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        // Of an answer that was refused the library may deliver the body all the same.
        guard let offset = state.withLock({ $0.interruption == nil ? $0.offset : nil }) else { return }
        guard offset + data.count <= limit else {
            return interrupt(.failure(.tooLong(limit: limit)))
        }
        do throws(DatasetError) {
            try data.withUnsafeBytes { bytes in
                Result { () throws(DatasetError) in try partial.file.write(bytes, at: offset) }
            }.get()
        } catch {
            return interrupt(.disk(error))
        }
        state.withLock { ($0.offset, $0.lastSign) = (offset + data.count, .now) }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        if let error {
            state.withLock { $0.failure = error.localizedDescription }
        }
        end.signal()
    }
}

/// The header field that says which part of a file an answer has: `bytes 100-199/200`.
private struct ContentRange {
    let start: Int
    /// The bytes of the whole file; nil if the server does not know.
    let total: Int?

    init?(_ text: String) {
        guard let match = text.wholeMatch(of: /bytes ([0-9]+)-[0-9]+\/([0-9]+|\*)/), let start = Int(match.1) else {
            return nil
        }
        self.start = start
        total = Int(match.2)
    }
}
