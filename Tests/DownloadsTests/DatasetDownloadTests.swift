import Datasets
import Foundation
import Reporting
import TestSupport
import Testing

@testable import Downloads

/// Bringing whole data sets, and looking at what is there.
@Suite struct DatasetDownloadTests {
    /// The files that a server has, by name, and the source that lists some of them.
    private struct Publisher {
        let files: [(name: String, content: [UInt8])]
        let server: WebServer

        init(_ files: [(name: String, content: [UInt8])]) throws {
            self.files = files
            server = try WebServer { [files] request, _ in
                guard let file = files.first(where: { "/" + $0.name == request.path }) else {
                    return WebServer.Answer(404)
                }
                return Site.answer(request, file.content)
            }
        }

        func source(archiveFolder: String? = nil) throws -> DatasetSource {
            try withTemporaryFolder { folder in
                DatasetSource(
                    page: "",
                    files: try files.map {
                        let checksum = try Checksum.of(folder.write($0.content, to: $0.name))
                        return DatasetSource.File($0.name, size: $0.content.count, checksum, at: [server.address])
                    }, archiveFolder: archiveFolder)
            }
        }
    }

    /// A record of CIFAR-10 as often as is said.
    private func records(_ count: Int) -> [UInt8] {
        (0..<count).flatMap { index in
            [UInt8(index % 10)] + (0..<3072).map { UInt8(truncatingIfNeeded: $0 * (index + 3)) }
        }
    }

    /// The archive of CIFAR-10 with a few images in each file.
    private func cifarArchive(in folder: URL) throws -> [UInt8] {
        let source = folder.appendingPathComponent("source")
        for name in (1...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
            try source.write(records(3), to: "cifar-10-batches-bin/\(name)")
        }
        try source.write(Array("<html>".utf8), to: "cifar-10-batches-bin/readme.html")
        return try tar(["cifar-10-batches-bin"], in: source)
    }

    private func names(_ folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    @Test("An archive is fetched, unpacked where the reader looks, and removed")
    func archive() throws {
        try withTemporaryFolder { folder in
            let publisher = try Publisher([("cifar-10-binary.tar.gz", cifarArchive(in: folder))])
            let source = try publisher.source(archiveFolder: "cifar-10-batches-bin")
            let catalog = Catalog(folder: folder.appendingPathComponent("data"))
            let place = catalog.folder.appendingPathComponent("cifar-10")
            #expect(
                try Downloader().fetch(.cifar10, of: source, from: nil, into: catalog)
                    == .fetched(folder: place.path))
            #expect(names(catalog.folder) == ["cifar-10"] && names(place).count == 7)
            #expect(try catalog.dataset(.cifar10).train.count == 15)
            #expect(
                try Downloader().fetch(.cifar10, of: source, from: nil, into: catalog)
                    == .alreadyThere(folder: place.path))
            #expect(publisher.server.requests.count == 1)
            // One file is missing: the others stay as they are, with an archive that is at hand.
            unlink(place.appendingPathComponent("data_batch_3.bin").path)
            try records(2).withUnsafeBytes { try Data($0).write(to: place.appendingPathComponent("data_batch_1.bin")) }
            try place.write(publisher.files[0].content, to: "cifar-10-binary.tar.gz")
            _ = try Downloader().fetch(.cifar10, of: source, from: nil, into: catalog)
            #expect(try catalog.dataset(.cifar10).train.count == 14)
            #expect(publisher.server.requests.count == 1 && names(place).contains("cifar-10-binary.tar.gz"))
        }
    }

    @Test("What a download that was killed had begun to unpack is removed a day later")
    func remains() throws {
        try withTemporaryFolder { folder in
            let publisher = try Publisher([("cifar-10-binary.tar.gz", cifarArchive(in: folder))])
            let catalog = Catalog(folder: folder.appendingPathComponent("data"))
            for (name, age) in [(".unpacked-old", 90_000.0), (".unpacked-new", 60)] {
                let place = catalog.folder.appendingPathComponent(name)
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: place.path)
            }
            _ = try Downloader().fetch(
                .cifar10, of: publisher.source(archiveFolder: "cifar-10-batches-bin"), from: nil, into: catalog)
            #expect(names(catalog.folder) == [".unpacked-new", "cifar-10"])
        }
    }

    @Test("What was altered is replaced only where that is asked for")
    func overwriting() throws {
        try withTemporaryFolder { folder in
            let publisher = try Publisher([("cifar-10-binary.tar.gz", cifarArchive(in: folder))])
            let source = try publisher.source(archiveFolder: "cifar-10-batches-bin")
            let catalog = Catalog(folder: folder.appendingPathComponent("data"))
            let file = try catalog.folder.write([1, 2, 3], to: "cifar-10/data_batch_2.bin")
            let error = #expect(throws: DownloadError.self) {
                try Downloader().fetch(.cifar10, of: source, from: nil, into: catalog)
            }
            let message = "\(try #require(error))"
            #expect(message.hasPrefix("\(file.path): 3 bytes of data, expected a multiple of 3073"))
            #expect(message.hasSuffix("; give --overwrite to replace it") && publisher.server.requests.isEmpty)
            _ = try Downloader().fetch(.cifar10, of: source, from: nil, into: catalog, overwriting: true)
            #expect(try catalog.dataset(.cifar10).train.count == 15)
        }
    }

    @Test(
        "An archive whose images cannot be read is said to be of no use",
        .enabled(if: Program("unzip") != nil, "needs unzip"))
    func unusable() throws {
        try withTemporaryFolder { folder in
            let archive = zip(
                [
                    ("wnids.txt", Array("n01\n".utf8)), ("train/n01/images/a.JPEG", [1, 2, 3]),
                    ("val/images/b.JPEG", [1, 2, 3]),
                    ("val/val_annotations.txt", Array("b.JPEG\tn01\t0\t0\t1\t1\n".utf8)),
                ].map { ("tiny-imagenet-200/" + $0.0, $0.1) })
            let publisher = try Publisher([("tiny-imagenet-200.zip", archive)])
            let source = try publisher.source(archiveFolder: "tiny-imagenet-200")
            let catalog = Catalog(folder: folder.appendingPathComponent("data"))
            let error = #expect(throws: DownloadError.self) {
                try Downloader().fetch(.tinyImageNet, of: source, from: nil, into: catalog)
            }
            let message = "\(try #require(error))"
            #expect(message.hasPrefix("what was unpacked for 'tiny-imagenet' cannot be read: "))
            #expect(message.contains("train/n01/images/a.JPEG: not a JPEG image"), "\(message)")
            #expect(names(catalog.folder.appendingPathComponent("tiny-imagenet")) == ["train", "val", "wnids.txt"])
        }
    }

    /// An IDX file of unsigned bytes.
    private func idx(_ shape: [UInt8], _ body: [UInt8]) -> [UInt8] {
        [0, 0, 8, UInt8(shape.count)] + shape.flatMap { [0, 0, 0, $0] } + body
    }

    @Test("Of single files only what is missing is fetched, and what was altered leaves")
    func singleFiles() throws {
        try withTemporaryFolder { folder in
            let images = idx([10, 2, 2], (0..<40).map { UInt8($0) })
            let labels = idx([10], Array(0..<10))
            let publisher = try Publisher([
                ("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels),
                ("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", labels),
            ])
            let source = try publisher.source()
            let catalog = Catalog(folder: folder.appendingPathComponent("data"))
            let place = try catalog.folder.write(labels, to: "MNIST/raw/t10k-labels-idx1-ubyte")
                .deletingLastPathComponent()
            #expect(
                try Downloader().fetch(.mnist, of: source, from: nil, into: catalog) == .fetched(folder: place.path))
            #expect(publisher.server.requests.count == 3 && names(place).count == 4)
            #expect(try catalog.dataset(.sequentialMNIST).train.count == 10)
            try place.write(idx([9], Array(0..<9)), to: "train-labels-idx1-ubyte")
            let error = #expect(throws: DownloadError.self) {
                try Downloader().fetch(.mnist, of: source, from: nil, into: catalog)
            }
            #expect("\(try #require(error))".contains("it can be read, and is not what is published (SHA-256 "))
            _ = try Downloader().fetch(.mnist, of: source, from: nil, into: catalog, overwriting: true)
            #expect(Verification(of: .mnist, from: source, in: catalog).isWhole)
        }
    }

    @Test("Digits are generated")
    func digits() throws {
        let catalog = Catalog(folder: URL(fileURLWithPath: "/nonexistent"))
        #expect(try Downloader().fetch(.digits, into: catalog) == .generated)
        #expect(Verification(of: .digits, in: catalog).files.isEmpty)
    }

    @Test("Each file is as published, read, altered or missing")
    func verification() throws {
        try withTemporaryFolder { folder in
            let images = idx([10, 2, 2], (0..<40).map { UInt8($0) })
            let labels = idx([10], Array(0..<10))
            let source = try Publisher([("train-images-idx3-ubyte", images)]).source()
            let catalog = Catalog(folder: folder)
            func states() -> [Verification.State] {
                Verification(of: .mnist, from: source, in: catalog).files.map(\.state)
            }
            #expect(states() == [.missing, .missing, .missing, .missing])
            let place = try folder.write(images, to: "mnist/train-images-idx3-ubyte").deletingLastPathComponent()
            try place.write(labels, to: "train-labels-idx1-ubyte")
            try place.write([0, 0, 8], to: "t10k-images-idx3-ubyte")
            let found = states()
            #expect(found[0] == .published && found[1] == .read && found[3] == .missing)
            guard case .altered(let reason) = found[2] else {
                Issue.record("\(found)")
                return
            }
            #expect(reason.hasPrefix("the data end after 3 bytes, within the header of 16 bytes"))
            // Each is whole, and they do not fit together.
            try place.write(images, to: "t10k-images-idx3-ubyte")
            try place.write(idx([9], Array(0..<9)), to: "t10k-labels-idx1-ubyte")
            let misfit = Verification(of: .mnist, from: source, in: catalog)
            #expect(misfit.isAltered && !misfit.isWhole)
            guard case .altered(let count) = misfit.files[3].state else {
                Issue.record("\(misfit)")
                return
            }
            #expect(count.hasPrefix("9 labels, expected 10"))
            try place.write(labels, to: "t10k-labels-idx1-ubyte")
            #expect(states() == [.published, .read, .read, .read])
            // A folder that is read only with the others.
            try folder.write(Array("n01\n".utf8), to: "tiny-imagenet/wnids.txt")
            let tiny = Verification(of: .tinyImageNet, in: catalog)
            #expect(tiny.files.map(\.state) == [.unread, .missing, .missing, .missing] && !tiny.isAltered)
        }
    }

    @Test("Every data set but digits has files with checksums and addresses, in the order of its reader")
    func sources() throws {
        let catalog = Catalog(folder: URL(fileURLWithPath: "/nonexistent"))
        for name in DatasetName.allCases where name != .digits {
            let source = try #require(name.source)
            let parts = try #require(catalog.location(of: name)).parts
            if source.archiveFolder == nil { #expect(source.files.map(\.plainName) == parts.map(\.name)) }
            #expect(source.archiveFolder == nil || source.files.count == 1)
            for file in source.files {
                for sum in [file.checksum, file.contentChecksum].compactMap(\.self) {
                    #expect(sum.wholeMatch(of: /[0-9a-f]{64}/) != nil)
                }
                #expect(!file.mirrors.isEmpty && file.size > 0)
                for mirror in file.mirrors {
                    let url = try #require(URL(string: mirror + file.name))
                    #expect(mirror.hasSuffix("/") && url.host != nil && ["http", "https"].contains(url.scheme))
                }
            }
        }
    }
}

/// SHA-256 of files, held against FIPS 180-2's examples and the files at hand.
@Suite struct ChecksumTests {
    private static let data = ProcessInfo.processInfo.environment["TELEPORT_DATA"]

    @Test func isThatOfTheStandard() throws {
        try withTemporaryFolder { folder in
            for (text, sum) in [
                ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                (
                    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
                ),
                (
                    String(repeating: "a", count: 1_000_000),
                    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
                ),
            ] {
                let file = try folder.write(Array(text.utf8), to: "file")
                #expect(try Checksum.of(file) == sum)
            }
        }
    }

    @Test("Files at hand are those that are published", .enabled(if: data != nil, "needs TELEPORT_DATA"))
    func realFiles() throws {
        let catalog = Catalog(folder: URL(fileURLWithPath: try #require(Self.data)))
        for name in [DatasetName.mnist, .sequentialMNIST, .exchangeRate, .ettH1, .ettH2] {
            guard catalog.location(of: name)?.isEmpty == false else { continue }
            let verification = Verification(of: name, in: catalog)
            #expect(verification.files.allSatisfy { $0.state == .published }, "\(verification)")
        }
    }

    @Test("A real file is fetched and read", .enabled(if: data != nil, "needs TELEPORT_DATA"))
    func realDownload() throws {
        let file = URL(fileURLWithPath: try #require(Self.data)).appendingPathComponent(
            "time-series/exchange_rate.txt.gz")
        guard let bytes = try? Data(contentsOf: file) else { return }
        try withTemporaryFolder { folder in
            let server = try WebServer { request, _ in Site.answer(request, [UInt8](bytes)) }
            let catalog = Catalog(folder: folder)
            #expect(
                try Downloader().fetch(.exchangeRate, from: [server.address], into: catalog)
                    == .fetched(folder: folder.appendingPathComponent("exchange-rate").path))
            #expect(try catalog.dataset(.exchangeRate).sizes[.rows] == 7588)
        }
    }
}
