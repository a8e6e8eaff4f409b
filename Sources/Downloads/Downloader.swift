import Datasets
import Foundation
import Reporting

/// Fetches files from the addresses that have them.
package struct Downloader {
    /// What is told on the way.
    package enum Event: Equatable {
        /// So many bytes of a file are there, of so many, if the server says.
        case progress(file: String, count: Int, total: Int?)
        /// Something went wrong and is tried again, or elsewhere.
        case setback(String)
        /// What is done now, as a whole line.
        case step(String)
    }

    /// The seconds without any data after which a transfer is given up.
    package var stallLimit: Double
    /// The seconds to wait before each further try of an address.
    package var waits: [Double]
    /// Takes what is told on the way.
    private let report: (Event) -> Void

    /// The most redirections that are followed.
    private static let redirectionLimit = 10

    /// A downloader that tells what it does.
    package init(
        stallLimit: Double = 30, waits: [Double] = [1, 3, 9], report: @escaping (Event) -> Void = { _ in }
    ) {
        self.stallLimit = stallLimit
        self.waits = waits
        self.report = report
    }

    /// Tells what is done now.
    func tell(_ step: String) { report(.step(step)) }

    /// Fetches a file into a folder, which is made if need be, unless it is there.
    ///
    /// It has another name until it is whole. What has arrived when this ends early is gone on with the next time, if the file at the
    /// address is the same then.
    ///
    /// - Parameter mirrors: The addresses of folders that have it, in place of the known ones.
    /// - Returns: Where it is.
    /// - Throws: `DownloadError`.
    @discardableResult
    package func fetch(
        _ file: DatasetSource.File, from mirrors: [String]? = nil, into folder: URL
    ) throws(DownloadError) -> URL {
        let addresses = try (mirrors ?? file.mirrors).map { (mirror: String) throws(DownloadError) -> URL in
            guard let address = Self.address(mirror.hasSuffix("/") ? mirror + file.name : "\(mirror)/\(file.name)")
            else { throw .address(mirror) }
            return address
        }
        let place = folder.appendingPathComponent(file.name)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(path: folder.path, reason: ReportError.reason(of: error))
        }
        let partial = try PartialDownload(of: place)
        // Another process may have brought it while this one waited.
        if isWhole(place, file) {
            partial.remove()
            return place
        }
        do throws(DownloadError) {
            try checkRoom(for: file, beside: partial, in: folder)
            try fetch(file, from: addresses, into: partial, for: place)
        } catch {
            if partial.file.size == 0 { partial.remove() }
            throw error
        }
        return place
    }

    /// Fetches a file from the first address that has it, and puts it in place.
    private func fetch(
        _ file: DatasetSource.File, from addresses: [URL], into partial: PartialDownload, for place: URL
    ) throws(DownloadError) {
        var attempts: [String] = []
        for address in addresses {
            do {
                try fetch(file, at: address, into: partial)
                return try partial.finish(at: place)
            } catch let failure as TransferFailure {
                attempts.append("\(address.absoluteString): \(failure)")
                if address != addresses.last { report(.setback("\(attempts.last!); trying the next address")) }
            } catch DatasetError.file(let path, .unwritable(let reason)) {
                throw .unwritable(path: path, reason: reason)
            } catch {
                throw .unwritable(path: place.path, reason: "\(error)")
            }
        }
        throw .unavailable(file: file.name, attempts: attempts, folder: place.deletingLastPathComponent().path)
    }

    /// The address that a text is; nil if it is none of the web.
    private static func address(_ text: String) -> URL? {
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased()), url.host != nil else {
            return nil
        }
        return url
    }

    private func isWhole(_ url: URL, _ file: DatasetSource.File) -> Bool {
        if case .same? = try? file.match(url) { true } else { false }
    }

    private func checkRoom(
        for file: DatasetSource.File, beside partial: PartialDownload, in folder: URL
    ) throws(DownloadError) {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else { return }
        let available = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
        let needed = max(file.size - partial.file.size, 0)
        guard needed > available else { return }
        throw .noRoom(file: file.name, needed: needed, available: available, folder: folder.path)
    }

    /// Fetches a file from an address, trying again where that may help, and checks it.
    private func fetch(_ file: DatasetSource.File, at address: URL, into partial: PartialDownload) throws {
        var waits = waits[...]
        tell("fetching \(file.name), about \(file.size.bytesText), from \(address.host ?? address.absoluteString)")
        while true {
            do {
                let isResumed = try transfer(file, from: address, into: partial)
                let failure = try check(file, partial)
                guard let failure else { return }
                try partial.begin(nil)
                // What was there before may be what is wrong.
                guard isResumed else { throw failure }
                report(.setback("\(address.absoluteString): \(failure); fetching all of it anew"))
            } catch let failure as TransferFailure where failure.isPassing {
                guard let wait = waits.popFirst() else { throw failure }
                report(
                    .setback("\(address.absoluteString): \(failure); trying again in \(String(format: "%g", wait)) s"))
                Thread.sleep(forTimeInterval: wait)
            }
        }
    }

    /// Why what has arrived is not the file; nil if it is.
    private func check(_ file: DatasetSource.File, _ partial: PartialDownload) throws -> TransferFailure? {
        let found = try Checksum.of(URL(fileURLWithPath: partial.file.path))
        guard found != file.checksum else { return nil }
        return .checksum(found: found, expected: file.checksum)
    }

    /// Fetches what is missing of a file, following redirections.
    ///
    /// - Returns: Whether a part was there before.
    private func transfer(
        _ file: DatasetSource.File, from address: URL, into partial: PartialDownload
    ) throws -> Bool {
        var current = address
        var asked: Set<URL> = []
        var mayResume = true
        // Files grow now and then, but not to many times their size.
        let limit = 4 * file.size + 1_000_000
        while true {
            guard asked.insert(current).inserted else {
                throw TransferFailure.redirectionLoop(current.absoluteString)
            }
            guard asked.count <= Self.redirectionLimit else {
                throw TransferFailure.tooManyRedirections(limit: Self.redirectionLimit)
            }
            let origin = partial.origin
            let count = partial.file.size
            let part = mayResume && count > 0 && origin?.address == address ? origin : nil
            if let part, part.length == count { return true }
            let transfer = Transfer(current, of: address, into: partial, goingOnWith: part, limit: limit)
            let outcome = try transfer.run(stallLimit: stallLimit) { count, total in
                report(.progress(file: file.name, count: count, total: total))
            }
            switch outcome {
            case .complete: return part != nil
            case .noSuchPart:
                guard part != nil else { throw TransferFailure.otherPart }
                mayResume = false
                asked.remove(current)
            case .redirection(let target): current = try Self.address(target, from: current)
            }
        }
    }

    /// Where a redirection leads.
    static func address(_ target: String, from current: URL) throws(TransferFailure) -> URL {
        guard !target.isEmpty, let url = URL(string: target, relativeTo: current)?.absoluteURL,
            let next = address(url.absoluteString)
        else { throw .redirectionElsewhere(target) }
        guard current.scheme?.lowercased() == "http" || next.scheme?.lowercased() == "https" else {
            throw .insecureRedirection(next.absoluteString)
        }
        return next
    }
}
