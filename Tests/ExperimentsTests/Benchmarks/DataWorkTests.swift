import Foundation
import Reporting
import Testing

@testable import Experiments

@Suite struct DataWorkTests {
    @Test func measuresEachFormatAndABatch() throws {
        var measurements: [BenchmarkResult] = []
        let work = DataWork(imageCount: 20, recordCount: 10, rowCount: 300, wordCount: 3000)
        try work.measure(repetitions: 2) { measurements.append($0) }
        #expect(
            measurements.map(\.name) == [
                "data/mnist", "data/cifar-10", "data/electricity", "data/penn-treebank", "data/batch-cifar",
            ])
        // The bytes that the formats take, of which the first two are known exactly: 23 images and labels with two
        // headers of 16 and 8 bytes each, and six files of ten records.
        let bytes = measurements.map { $0.megabytesPerSecond! * $0.median * 1e6 }
        #expect(abs(bytes[0] - Double(23 * 785 + 2 * 24)) < 1e-3)
        #expect(abs(bytes[1] - Double(60 * 3073)) < 1e-3)
        #expect((300.0 * 321 * 4..<300.0 * 321 * 5).contains(bytes[2]))
        #expect((3300.0 * 3..<3300.0 * 8).contains(bytes[3]))
        #expect(abs(bytes[4] - Double(32 * 3072)) < 1e-3)
    }

    @Test func removesItsFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("DataWorkTests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let work = DataWork(imageCount: 20, recordCount: 10, rowCount: 300, wordCount: 3000)
        var filesMeanwhile = 0
        try work.measure(repetitions: 1, in: folder) { _ in
            filesMeanwhile += FileManager.default.subpaths(atPath: folder.path)?.count ?? 0
        }
        #expect(filesMeanwhile > 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        // The electricity data are too short here.
        #expect(throws: (any Error).self) {
            try DataWork(imageCount: 20, recordCount: 10, rowCount: 10).measure(repetitions: 1, in: folder) { _ in }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func ratesAppearInJSONWhereThereAreSome() throws {
        func keys(_ measurement: BenchmarkResult) throws -> Set<String> {
            let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(measurement))
            return Set(try #require(object as? [String: Any]).keys)
        }
        let common: Set = ["name", "median", "minimum", "maximum", "repetitions", "unit"]
        #expect(try keys(BenchmarkResult(timeOf: "a", repetitions: 1) {}) == common)
        #expect(
            try keys(BenchmarkResult(timeOf: "a", repetitions: 1, bytes: 10) {}) == common.union(["megabytesPerSecond"])
        )
    }
}
