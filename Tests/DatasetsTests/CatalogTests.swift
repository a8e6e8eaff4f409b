import Foundation
import Testing

@testable import Datasets

@Suite struct CatalogTests {
    @Test func listsTheNamesThereAreForAnUnknownOne() {
        let error = #expect(throws: DatasetError.self) { try Catalog().dataset("MNIST2") }
        let names = [
            "digits", "mnist", "fashion-mnist", "cifar-10", "cifar-100", "smnist", "electricity", "traffic",
            "exchange-rate", "etth1", "etth2", "ettm1", "ettm2", "penn-treebank", "tiny-imagenet",
        ]
        #expect(error == .unknownName("MNIST2", known: names))
        #expect(
            error?.description == "unknown data set 'MNIST2': expected one of \(names.joined(separator: ", "))")
    }

    @Test func generatesDigitsWithoutAFolder() throws {
        let split = try Catalog(folder: URL(fileURLWithPath: "/nonexistent")).images(.digits)
        #expect(split.name == "digits")
        #expect(split.train.count == 12_000)
        #expect(split.test.count == 2_000)
    }

    @Test func saysWhatIsWrongWithTheDataFolder() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write([1], to: "file")
        let missing = folder.url.appendingPathComponent("missing")
        for name in DatasetName.allCases where name != .digits {
            let error = #expect(throws: DatasetError.self) { try Catalog(folder: missing).dataset(name) }
            guard case .dataFolder(name.rawValue, missing.path, .missing) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(throws: DatasetError.dataFolder(dataset: name.rawValue, path: file.path, .notAFolder)) {
                try Catalog(folder: file).dataset(name)
            }
        }
        let error = #expect(throws: DatasetError.self) { try Catalog(folder: missing).dataset(.pennTreebank) }
        #expect(
            error?.description
                == "data set 'penn-treebank' not found: the data folder \(missing.path) does not exist; put ptb.train.txt, "
                + "ptb.test.txt into \(missing.path)/ptb, run 'teleport data download penn-treebank' with the same --data, or "
                + "name another one with TELEPORT_DATA or --data")
        guard geteuid() != 0 else { return }
        let closed = folder.url.appendingPathComponent("closed")
        for mode in [0o000, 0o400] as [mode_t] {
            #expect(mkdir(closed.path, mode) == 0)
            #expect(
                throws: DatasetError.dataFolder(dataset: "mnist", path: closed.path, .unreadable("Permission denied"))
            ) {
                try Catalog(folder: closed).dataset(.mnist)
            }
            #expect(rmdir(closed.path) == 0)
        }
    }

    @Test func saysWhatStandsThere() throws {
        let folder = try TemporaryFolder()
        func remedy(_ name: DatasetName, in root: URL? = nil) -> MissingFilesRemedy? {
            do throws(DatasetError) {
                _ = try Catalog(folder: root ?? folder.url).dataset(name)
            } catch {
                if case .missingFiles(_, _, _, _, let remedy) = error { return remedy }
            }
            return nil
        }
        #expect(remedy(.mnist) == .put)
        #expect(remedy(.tinyImageNet) == .putOrUnpack(archive: "tiny-imagenet-200.zip"))
        // An archive that was not unpacked.
        for (archive, name) in [
            ("tiny-imagenet-200.zip", DatasetName.tinyImageNet), ("cifar-10/cifar-10-binary.tar.gz", .cifar10),
            ("ptb/simple-examples.tgz", .pennTreebank),
        ] {
            let url = try folder.write([1], to: archive)
            #expect(remedy(name) == .unpack(archive: url.path))
        }
        // The folder of the data set itself, and files that lie in the data folder.
        let mnist = try folder.write([1], to: "mnist/train-images-idx3-ubyte").deletingLastPathComponent()
        #expect(remedy(.mnist, in: mnist) == .nameFolder(folder.url.path))
        try folder.write([1], to: "exchange_rate.txt.gz")
        #expect(remedy(.exchangeRate) == .moveInto(folder.url.path + "/exchange-rate"))
        // What is there is named, but not all of it.
        for index in 0..<9 { try folder.write([1], to: "etth1/f\(index)") }
        let message = "\(#expect(throws: DatasetError.self) { try Catalog(folder: folder.url).dataset(.ettH1) }!)"
        let path = folder.url.path + "/etth1"
        #expect(
            message
                == "data set 'etth1' not found: \(path) lacks ETTh1.csv, and \(path) has f0, f1, f2, f3 and 5 more; run 'teleport "
                + "data download etth1' with the same --data, put the files there, as they are or compressed by gzip (.gz), or "
                + "name another data folder with --data"
        )
    }

    @Test func findsTheDefaultFolder() {
        func folder(_ environment: [String: String]) -> String {
            Catalog.defaultFolder(environment: environment).path
        }
        let home = ["HOME": "/home/ada"]
        #if os(macOS)
            let cache = "/home/ada/Library/Caches/teleport"
        #else
            let cache = "/home/ada/.cache/teleport"
        #endif
        #expect(folder(home) == cache)
        #expect(folder(home.merging(["XDG_CACHE_HOME": "/cache"]) { $1 }) == "/cache/teleport")
        #expect(folder(home.merging(["XDG_CACHE_HOME": "relative"]) { $1 }) == cache)
        #expect(folder(home.merging(["TELEPORT_DATA": "", "XDG_CACHE_HOME": ""]) { $1 }) == cache)
        #expect(folder(["TELEPORT_DATA": "/data", "XDG_CACHE_HOME": "/cache"]) == "/data")
    }
}
