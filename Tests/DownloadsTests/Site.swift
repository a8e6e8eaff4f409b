import Datasets
import Foundation
import TestSupport

@testable import Downloads

/// A file on servers of a test, and the folder that it is fetched into.
struct Site {
    /// The content of the file.
    let content: [UInt8]
    let folder: URL

    /// A file of 300,000 bytes that no compression makes smaller.
    init(folder: URL, seed: UInt64 = 1) {
        var state = seed
        content = (0..<300_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        self.folder = folder
    }

    func file(size: Int? = nil) throws -> DatasetSource.File {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let copy = folder.appendingPathComponent("copy")
            try Data(content).write(to: copy)
            return DatasetSource.File("data.bin", size: size ?? content.count, try Checksum.of(copy), at: [])
        }
    }

    /// What a server answers that has the file and sends any part of it.
    static func answer(_ request: WebServer.Request, _ content: [UInt8], tag: String = "\"1\"") -> WebServer.Answer {
        let headers = ["ETag": tag]
        guard let start = request.start, request.headers["if-range"] == nil || request.headers["if-range"] == tag else {
            return WebServer.Answer(headers: headers, content)
        }
        guard start < content.count else { return WebServer.Answer(416) }
        return WebServer.Answer(
            206,
            headers: headers.merging(["Content-Range": "bytes \(start)-\(content.count - 1)/\(content.count)"]) { $1 },
            Array(content[start...]))
    }

    /// Half of the file where all of it is announced.
    static func half(_ content: [UInt8], tag: String = "\"1\"") -> WebServer.Answer {
        var answer = WebServer.Answer(headers: ["ETag": tag], Array(content[..<(content.count / 2)]))
        answer.length = content.count
        return answer
    }

    /// Fetches the file from servers.
    ///
    /// - Returns: The error, and what was told on the way.
    func fetch(
        from servers: WebServer..., waits: [Double] = [0, 0], stallLimit: Double = 20, size: Int? = nil
    ) throws -> (error: DownloadError?, setbacks: [String]) {
        var setbacks: [String] = []
        let downloader = Downloader(stallLimit: stallLimit, waits: waits) { event in
            if case .setback(let text) = event { setbacks.append(text) }
        }
        let file = try file(size: size)
        do throws(DownloadError) {
            try downloader.fetch(file, from: servers.map(\.address), into: folder)
        } catch {
            return (error, setbacks)
        }
        return (nil, setbacks)
    }

    /// Whether the file is there, as it should be, and nothing else.
    var isComplete: Bool { names == ["data.bin"] && stored("data.bin") == content }

    /// All names in the folder.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }

    /// The bytes of a file in the folder.
    func stored(_ name: String) -> [UInt8]? {
        (try? Data(contentsOf: folder.appendingPathComponent(name))).map { [UInt8]($0) }
    }
}
