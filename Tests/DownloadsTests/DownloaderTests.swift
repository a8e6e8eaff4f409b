import Datasets
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Downloads

/// Fetching a file from servers that behave, and from others.
@Suite struct DownloaderTests {
    @Test("A file arrives whole, is asked for as it is, and is not asked for again")
    func fetches() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { request, _ in Site.answer(request, site.content) }
            #expect(try site.fetch(from: server) == (nil, []))
            #expect(site.isComplete)
            #expect(server.requests.map(\.path) == ["/data.bin"])
            #expect(server.requests[0].headers["accept-encoding"] == "identity")
            #expect(try site.fetch(from: server) == (nil, []))
            #expect(server.requests.count == 1)
        }
    }

    @Test("What breaks off is gone on with")
    func truncated() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { request, number in
                number == 0 ? Site.half(site.content) : Site.answer(request, site.content)
            }
            let (error, setbacks) = try site.fetch(from: server)
            #expect(error == nil && site.isComplete)
            #expect(setbacks.count == 1 && setbacks[0].contains("the data ended after 150000 of 300000 bytes"))
            #expect(server.requests.map(\.start) == [nil, 150_000])
            #expect(server.requests[1].headers["if-range"] == "\"1\"")
        }
    }

    @Test("A later run goes on with what has arrived, and only with what came from the same address")
    func resumes() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let broken = try WebServer { _, _ in Site.half(site.content) }
            let error = try #require(try site.fetch(from: broken, waits: []).error)
            #expect(
                "\(error)".contains("the data ended after 150000 of 300000 bytes; check the network and run it again"))
            #expect(site.names == [".data.bin.origin", ".data.bin.part"])
            #expect(site.stored(".data.bin.part") == Array(site.content[..<150_000]))
            let other = try WebServer { request, _ in Site.half(site.content) }
            _ = try site.fetch(from: other, waits: [])
            #expect(other.requests.map(\.start) == [nil])
        }
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { request, number in
                number == 0 ? Site.half(site.content) : Site.answer(request, site.content)
            }
            #expect(try site.fetch(from: server, waits: []).error != nil)
            #expect(try site.fetch(from: server, waits: []).error == nil)
            #expect(server.requests.map(\.start) == [nil, 150_000] && site.isComplete)
        }
    }

    @Test("A file that had arrived before the end is checked and not asked for again")
    func arrivedBefore() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { _, _ in Site.half(site.content) }
            _ = try site.fetch(from: server, waits: [])
            try Data(site.content).write(to: folder.appendingPathComponent(".data.bin.part"))
            #expect(try site.fetch(from: server, waits: []).error == nil)
            #expect(server.requests.count == 1 && site.isComplete)
        }
    }

    @Test("A server that sends no parts sends all anew")
    func refusesRanges() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { _, number in
                number == 0 ? Site.half(site.content) : WebServer.Answer(200, site.content)
            }
            #expect(try site.fetch(from: server).error == nil)
            #expect(server.requests.map(\.start) == [nil, 150_000] && site.isComplete)
        }
    }

    @Test(
        "A file that has changed since is fetched anew, whether the server heeds what it is asked or not",
        arguments: [true, false])
    func changed(isHeeding: Bool) throws {
        try withTemporaryFolder { folder in
            let (old, site) = (Site(folder: folder, seed: 2), Site(folder: folder))
            let server = try WebServer { request, number in
                if number == 0 { return Site.half(old.content, tag: "\"old\"") }
                guard !isHeeding, let start = request.start else {
                    return Site.answer(request, site.content, tag: "\"new\"")
                }
                return WebServer.Answer(
                    206, headers: ["ETag": "\"new\"", "Content-Range": "bytes \(start)-299999/300000"],
                    Array(site.content[start...]))
            }
            #expect(try site.fetch(from: server).error == nil)
            #expect(site.isComplete)
            #expect(server.requests.map(\.start) == (isHeeding ? [nil, 150_000] : [nil, 150_000, nil]))
        }
    }

    @Test("Where the tags say nothing, the length tells that a file has changed")
    func changedLength() throws {
        try withTemporaryFolder { folder in
            let (old, site) = (Site(folder: folder, seed: 2), Site(folder: folder))
            let server = try WebServer { request, number in
                if number == 0 {
                    var answer = WebServer.Answer(200, Array(old.content[..<1000]))
                    answer.length = 400_000
                    return answer
                }
                guard let start = request.start else { return WebServer.Answer(200, site.content) }
                return WebServer.Answer(
                    206, headers: ["Content-Range": "bytes \(start)-299999/300000"], Array(site.content[start...]))
            }
            #expect(try site.fetch(from: server).error == nil)
            #expect(site.isComplete && server.requests.map(\.start) == [nil, 1000, nil])
        }
    }

    @Test("A part that does not fit to the rest is found by the checksum, and all is fetched anew")
    func wrongPart() throws {
        try withTemporaryFolder { folder in
            let (old, site) = (Site(folder: folder, seed: 2), Site(folder: folder))
            let server = try WebServer { request, number in
                number == 0 ? Site.half(old.content) : Site.answer(request, site.content)
            }
            let (error, setbacks) = try site.fetch(from: server)
            #expect(error == nil && site.isComplete)
            #expect(setbacks.last?.contains("fetching all of it anew") == true)
        }
    }

    @Test("Another file is refused, and the next address is tried")
    func corrupted() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            var content = site.content
            content[123_456] ^= 1
            let wrong = try WebServer { [content] request, _ in Site.answer(request, content) }
            let error = try #require(try site.fetch(from: wrong).error)
            #expect("\(error)".contains("another file than is known (SHA-256 "))
            #expect(site.names.isEmpty && wrong.requests.count == 1)
            let right = try WebServer { request, _ in Site.answer(request, site.content) }
            let (second, setbacks) = try site.fetch(from: wrong, right)
            #expect(second == nil && site.isComplete)
            #expect(setbacks.count == 1 && setbacks[0].hasSuffix("trying the next address"))
        }
    }

    @Test("Redirections are followed, relative ones too")
    func redirected() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let other = try WebServer { request, number in
                number == 0 ? Site.half(site.content) : Site.answer(request, site.content)
            }
            let server = try WebServer { [address = other.address] request, _ in
                switch request.path {
                case "/data.bin": WebServer.Answer(302, headers: ["Location": "a/b"], Array("moved".utf8))
                case "/a/b": WebServer.Answer(301, headers: ["Location": "../c?d=e"])
                default: WebServer.Answer(307, headers: ["Location": "\(address)/there"])
                }
            }
            #expect(try site.fetch(from: server).error == nil)
            #expect(site.isComplete)
            #expect(server.requests.map(\.path) == ["/data.bin", "/a/b", "/c?d=e", "/data.bin", "/a/b", "/c?d=e"])
            // What has arrived belongs to the address that was asked first, wherever that leads.
            #expect(other.requests.map(\.start) == [nil, 150_000])
        }
    }

    @Test(
        "Redirections that lead nowhere are refused",
        arguments: [
            ("/data.bin", "sends in a circle, back to http://127.0.0.1"),
            ("next", "from one address to another more than 10 times"),
            ("ftp://example.org/data.bin", "sends to 'ftp://example.org/data.bin', which is no address of the web"),
        ])
    func redirectedAstray(location: String, message: String) throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { _, number in
                WebServer.Answer(302, headers: ["Location": location == "next" ? "/\(number)" : location])
            }
            let error = try #require(try site.fetch(from: server).error)
            #expect("\(error)".contains(message), "\(error)")
            #expect(site.names.isEmpty)
        }
    }

    @Test("A redirection from https to http is refused")
    func insecure() throws {
        let (secure, plain) = (URL(string: "https://example.org/a/b")!, URL(string: "http://example.org/a/b")!)
        #expect(throws: TransferFailure.insecureRedirection("http://example.org/c")) {
            try Downloader.address("http://example.org/c", from: secure)
        }
        #expect(try Downloader.address("//example.com/c", from: secure).absoluteString == "https://example.com/c")
        #expect(try Downloader.address("https://example.org/c", from: plain).absoluteString == "https://example.org/c")
        #expect(try Downloader.address("c", from: plain).absoluteString == "http://example.org/a/c")
    }

    @Test("A server that says nothing any more is left, and gone on with")
    func stalled() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { request, number in
                guard number == 0 else { return Site.answer(request, site.content) }
                var answer = Site.half(site.content)
                answer.stalls = true
                return answer
            }
            defer { server.stop() }
            let (error, setbacks) = try site.fetch(from: server, stallLimit: 1)
            #expect(error == nil && site.isComplete)
            #expect(setbacks.count == 1 && setbacks[0].contains("no data for 1 s; trying again in 0 s"))
            #expect(server.requests.map(\.start) == [nil, 150_000])
        }
    }

    @Test("What is not there is not asked for twice, and a server that is busy is, with growing waits")
    func statuses() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let missing = try WebServer { _, _ in WebServer.Answer(404, Array("<html>".utf8)) }
            let busy = try WebServer { request, number in
                number < 2 ? WebServer.Answer(503) : Site.answer(request, site.content)
            }
            let start = ContinuousClock.now
            let (error, setbacks) = try site.fetch(from: missing, busy, waits: [0.1, 0.3, 0.9])
            #expect(error == nil && site.isComplete)
            #expect(missing.requests.count == 1 && busy.requests.count == 3)
            #expect(ContinuousClock.now - start > .seconds(0.4))
            #expect(
                setbacks.count == 3 && setbacks[0].contains("404") && setbacks[2].hasSuffix("trying again in 0.3 s"))
        }
        try withTemporaryFolder { folder in
            let busy = try WebServer { _, _ in WebServer.Answer(503) }
            let site = Site(folder: folder)
            let error = try #require(try site.fetch(from: busy).error)
            #expect("\(error)".contains("the server answers 503 ("))
            #expect(busy.requests.count == 3 && site.names.isEmpty)
        }
    }

    @Test("Without a server there is one sentence that says what to do")
    func unreachable() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            var setbacks: [String] = []
            let downloader = Downloader(waits: [0]) { if case .setback(let text) = $0 { setbacks.append(text) } }
            let error = #expect(throws: DownloadError.self) {
                // Nothing listens at the port 1.
                try downloader.fetch(site.file(), from: ["http://127.0.0.1:1"], into: folder)
            }
            let message = "\(try #require(error))"
            #expect(message.hasPrefix("data.bin could not be downloaded: http://127.0.0.1:1/data.bin: no connection ("))
            #expect(message.hasSuffix("or put the file into \(folder.path) yourself") && setbacks.count == 1)
            #expect(throws: DownloadError.address("nonsense")) {
                try downloader.fetch(site.file(), from: ["nonsense"], into: folder)
            }
        }
    }

    @Test("A body without an end is cut off, and one that is compressed on the way refused")
    func strangeBodies() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let endless = try WebServer { _, _ in
                var answer = WebServer.Answer(200, [UInt8](repeating: 7, count: 3_000_000))
                answer.length = nil
                return answer
            }
            let error = try #require(try site.fetch(from: endless).error)
            #expect("\(error)".contains("more than 2200000 bytes, which no such file has"))
            let eager = try WebServer { request, _ in
                WebServer.Answer(headers: ["Content-Encoding": "gzip"], site.content)
            }
            let second = try #require(try site.fetch(from: eager).error)
            #expect("\(second)".contains("the server compresses the file on the way (gzip), unasked"))
        }
    }

    @Test("Where there is no room for a file nothing is fetched")
    func noRoom() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { request, _ in Site.answer(request, site.content) }
            let error = try #require(try site.fetch(from: server, size: 1 << 60).error)
            #expect("\(error)".hasPrefix("data.bin takes 1152921505 GB, and \(folder.path) has room for "))
            #expect(server.requests.isEmpty && site.names.isEmpty)
        }
    }

    @Test("A folder that cannot be made is named")
    func noFolder() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let file = folder.appendingPathComponent("file")
            try Data([1]).write(to: file)
            let site = Site(folder: file.appendingPathComponent("sub"))
            let server = try WebServer { request, _ in Site.answer(request, site.content) }
            let error = try #require(try site.fetch(from: server).error)
            guard case .unwritable(site.folder.path, _) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test("Two that want one file fetch it once")
    func twoAtOnce() throws {
        try withTemporaryFolder { folder in
            let site = Site(folder: folder)
            let server = try WebServer { request, _ in
                Thread.sleep(forTimeInterval: 0.2)
                return Site.answer(request, site.content)
            }
            let errors = Mutex<[DownloadError?]>([])
            let end = DispatchGroup()
            for _ in 0..<2 {
                end.enter()
                Thread.detachNewThread {
                    let error = try? site.fetch(from: server).error
                    errors.withLock { $0.append(error) }
                    end.leave()
                }
            }
            end.wait()
            #expect(errors.withLock { $0.count == 2 && $0.allSatisfy { $0 == nil } })
            #expect(server.requests.count == 1 && site.isComplete)
        }
    }
}
