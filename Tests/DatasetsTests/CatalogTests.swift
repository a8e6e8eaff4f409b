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
