import Foundation
import NeuralNetworks
import Testing
import Torch

@testable import Datasets

@Suite struct SeriesDatasetTests {
    /// Ten rows of two columns; row i is i and 100 + i.
    private let values = Tensor((0..<10).flatMap { [Double($0), 100 + Double($0)] }, shape: [10, 2])
    private var samples: SeriesDataset { SeriesDataset(values, windowLength: 3, horizon: 2, dtype: .float64) }

    @Test func gathersWindowsAndTheRowsAfterThem() {
        #expect(samples.count == 6)
        #expect(samples.inputShape == [3, 2])
        #expect(samples.task == .regression(outputs: 2))
        let batch = samples.batch(Tensor([5, 0, 5] as [Int64]))
        #expect(batch.inputs.shape == [3, 3, 2])
        let last = [5, 105, 6, 106, 7, 107] as [Double]
        #expect(batch.inputs.elements() == last + [0, 100, 1, 101, 2, 102] + last)
        #expect(batch.targets.shape == [3, 2])
        #expect(batch.targets.elements() == [9, 109, 4, 104, 9, 109] as [Double])
    }

    @Test func hasTheWindowsOfThePaperByDefault() {
        let samples = SeriesDataset(Tensor.zeros([200, 3], dtype: .float64))
        #expect(samples.inputShape == [168, 3])
        #expect(samples.count == 200 - 168 - 24 + 1)
        let batch = samples.batch(Tensor.range(samples.count))
        #expect(batch.inputs.shape == [9, 168, 3] && batch.targets.shape == [9, 3])
        #expect(batch.inputs.dtype == .float32 && batch.targets.dtype == .float32)
    }

    @Test func takesPrefixesOfOneStorage() {
        let prefix = samples.prefix(2)
        #expect(prefix.count == 2)
        #expect(prefix.dtype == .float64)
        #expect(prefix.values.sharesStorage(with: values))
        let all = Array(prefix.batches(of: 2))
        #expect(all.count == 1 && all[0].targets.elements() == [4, 104, 5, 105] as [Double])
        #expect(samples.prefix(100).count == 6)
        #expect(samples.prefix(0).count == 0)
        #expect(samples.prefix(0).batch(Tensor.range(0)).inputs.shape == [0, 3, 2])
    }

    @Test func convertsBatchesAndKeepsTheSeries() {
        let single = samples.to(dtype: .float32)
        #expect(single.batch(Tensor.range(1)).inputs.dtype == .float32)
        #expect(single.batch(Tensor.range(1)).targets.dtype == .float32)
        #expect(single.values.sharesStorage(with: values) && single.values.dtype == .float64)
        #expect(single.to(device: .cpu).dtype == .float32)
    }

    @Test func isEmptyWhereNoWindowFits() {
        #expect(SeriesDataset(values, windowLength: 9, horizon: 1).count == 1)
        let tooShort = SeriesDataset(values, windowLength: 9, horizon: 5)
        #expect(tooShort.count == 0)
        #expect(tooShort.batch(Tensor.range(0)).targets.shape == [0, 2])
    }

    // MARK: Splits

    @Test func splitsByTimeAndStandardizesWithTheTrainingPart() throws {
        // Column 0 is the row's number, column 1 is constant in the training part alone, column 2 is 0.1 everywhere.
        let rows = (0..<40).map { [Double($0), $0 < 28 ? 0.3 : 5.3, 0.1] }
        let split = try #require(
            SeriesDataset.split(
                named: "rows", of: Tensor(rows.flatMap(\.self), shape: [40, 3]), windowLength: 4, horizon: 3))
        #expect(split.name == "rows")
        #expect(split.train.count == 28 - 4 - 3 + 1)
        #expect(split.test.count == 8)
        #expect(split.train.values.sharesStorage(with: split.test.values))

        // 0, 1, ..., 27 have mean 13.5 and variance (28^2 - 1) / 12.
        let deviation = (783.0 / 12).squareRoot()
        func expected(_ row: Int) -> [Double] { [(Double(row) - 13.5) / deviation, row < 28 ? 0 : 5, 0] }
        func expect(_ found: Tensor, _ rows: [Int], sourceLocation: SourceLocation = #_sourceLocation) {
            let differences = zip(found.doubles(), rows.flatMap(expected)).map { abs($0 - $1) }
            #expect(
                differences.count == 3 * rows.count && differences.max()! < 1e-12, sourceLocation: sourceLocation)
        }
        let train = split.train.to(dtype: .float64).batch(Tensor([0, 21] as [Int64]))
        expect(train.inputs, Array(0..<4) + Array(21..<25))
        expect(train.targets, [6, 27])
        // The targets of the test set are the last 8 of 40 rows.
        let test = split.test.to(dtype: .float64).batch(Tensor.range(8))
        expect(test.targets, Array(32..<40))
        expect(test.inputs.selected(0, 0), Array(26..<30))
        expect(test.inputs.selected(0, 7), Array(33..<37))
    }

    @Test func needsASampleInEachPart() {
        for (windowLength, horizon) in [(168, 24), (1, 1), (4, 3), (5, 5), (3, 8)] {
            let minimum = SeriesDataset.minimumRowCount(windowLength: windowLength, horizon: horizon)
            func split(_ rowCount: Int) -> Split<SeriesDataset>? {
                SeriesDataset.split(
                    named: "zeros", of: Tensor.zeros([rowCount, 1], dtype: .float64), windowLength: windowLength,
                    horizon: horizon)
            }
            #expect(split(minimum - 1) == nil)
            #expect(split(minimum).map { $0.train.count >= 1 && $0.test.count >= 1 } == true)
        }
        #expect(SeriesDataset.minimumRowCount() == 275)
    }
}

@Suite struct SeriesFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ text: String, layout: SeriesFile.Layout = .numbers) throws -> Tensor {
        try SeriesFile(contentsOf: folder.write(Array(text.utf8), to: "series.txt"), layout: layout).values
    }

    @Test(arguments: ["1,2.5\n-3,.5\n", "1,2.5\r\n-3,.5\r\n", "1,2.5\n-3,.5", "+1.0,25e-1\n-3e0,0.50\r\n"])
    func readsRows(text: String) throws {
        let values = try read(text)
        #expect(values.shape == [2, 2] && values.dtype == .float64)
        #expect(values.elements() == [1, 2.5, -3, 0.5] as [Double])
    }

    @Test func readsOneColumn() throws {
        #expect(try read("1\n2\n3").shape == [3, 1])
    }

    @Test func passesOverHeadersAndDates() throws {
        let values = try read("date,HUFL,OT\n2016-07-01 00:00:00,5.8,30.5\nx,1,2\n", layout: .dated)
        #expect(values.shape == [2, 2])
        #expect(values.elements() == [5.8, 30.5, 1, 2] as [Double])
    }

    @Test func readsFilesLargerThanTheBuffer() throws {
        var random = SplitMix64(seed: 37)
        let numbers = (0..<300_000).map { _ in Double(random.integer(below: 100_000)) / 100 }
        var text = ""
        for (index, number) in numbers.enumerated() { text += "\(number)" + ((index + 1) % 3 == 0 ? "\r\n" : ",") }
        for (name, bytes) in [("series.txt", Array(text.utf8)), ("series.txt.gz", gzip(Array(text.utf8)))] {
            let values = try SeriesFile(contentsOf: folder.write(bytes, to: name)).values
            #expect(values.shape == [100_000, 3])
            #expect(values.elements() == numbers)
        }
    }

    // MARK: Defects

    /// Checks that reading a text, both as it is and compressed, fails as expected and that the message names the file.
    private func expect(
        _ defect: FileDefect, reading text: String, layout: SeriesFile.Layout = .numbers,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bytes = Array(text.utf8)
        for (name, bytes) in [("series.txt", bytes), ("series.txt.gz", gzip(bytes))] {
            let url = try folder.write(bytes, to: name)
            let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) {
                try SeriesFile(contentsOf: url, layout: layout)
            }
            #expect(error == .file(path: url.path, defect), sourceLocation: sourceLocation)
            #expect(error?.description.hasPrefix(url.path + ": ") == true, sourceLocation: sourceLocation)
        }
    }

    @Test func refusesWhatIsNoNumber() throws {
        try expect(.notANumber("abc", line: 2, column: 2), reading: "1,2\n3,abc\n")
        try expect(.notANumber("", line: 1, column: 2), reading: "1,,3\n")
        try expect(.notANumber("", line: 1, column: 3), reading: "1,2,\n")
        try expect(.notANumber(" 2", line: 1, column: 2), reading: "1, 2\n")
        try expect(.notANumber("2x", line: 1, column: 2), reading: "1,2x\n")
        try expect(.notANumber("0x10", line: 1, column: 1), reading: "0x10,1\n")
        try expect(.notANumber("1;2", line: 1, column: 1), reading: "1;2\n")
        try expect(.notANumber("date", line: 1, column: 1), reading: "date,OT\n2016,1\n")
        try expect(.notANumber("a\\0\\u{1B}", line: 1, column: 1), reading: "a\0\u{1b},1\n")
        try expect(
            .notANumber("abcdefghijklmnopq...", line: 1, column: 1), reading: "abcdefghijklmnopqrstuvwxyz,1\n")
        try expect(.notANumber("x", line: 3, column: 2), reading: "date,a\nd,1\nd,x\n", layout: .dated)
        let error = DatasetError.file(path: "/d/e.txt", .notANumber("abc", line: 2, column: 3))
        #expect(
            error.description
                == "/d/e.txt: 'abc' in line 2, column 3, expected a decimal number; mend it, or download the file again"
        )
    }

    @Test(arguments: ["nan", "NaN", "inf", "-inf", "infinity", "1e39", "-1e39", "1e400"])
    func refusesNumbersThatAreNotFinite(text: String) throws {
        try expect(.notFinite(text, line: 2, column: 1), reading: "1,2\n\(text),3\n")
    }

    @Test func refusesRowsOfOtherLengths() throws {
        try expect(.wrongColumnCount(1, line: 2, expected: 2), reading: "1,2\n3\n")
        try expect(.wrongColumnCount(3, line: 3, expected: 2), reading: "1,2\n3,4\n5,6,7\n")
        try expect(.wrongColumnCount(0, line: 2, expected: 2), reading: "1,2\n\n3,4\n")
        try expect(.wrongColumnCount(0, line: 1, expected: 1), reading: "\n1\n")
        try expect(.wrongColumnCount(1, line: 2, expected: 2), reading: "date,a\n2016\n", layout: .dated)
        try expect(.wrongColumnCount(2, line: 3, expected: 3), reading: "date,a,b\nd,1,2\nd,1\n", layout: .dated)
        try expect(.wrongColumnCount(0, line: 3, expected: 3), reading: "date,a,b\nd,1,2\n\n", layout: .dated)
    }

    @Test func refusesFilesWithoutTheHeader() throws {
        try expect(.wrongHeader("1,2", expected: "date,"), reading: "1,2\n3,4\n", layout: .dated)
        try expect(.wrongHeader("", expected: "date,"), reading: "\n", layout: .dated)
        try expect(.tooFewRows(0, expected: 1), reading: "date,a\n", layout: .dated)
    }

    @Test func refusesLinesThatAreTooLong() throws {
        let long = String(repeating: "1", count: 1 << 20)
        try expect(.lineTooLong(line: 2, limit: 1 << 20), reading: "1\n\(long)")
        try expect(.notFinite("11111111111111111...", line: 1, column: 1), reading: long.dropLast() + "\n2")
    }

    @Test func refusesEmptyFilesAndFolders() throws {
        for name in ["series.txt", "series.txt.gz"] {
            let url = try folder.write([], to: name)
            #expect(throws: DatasetError.file(path: url.path, .empty)) { try SeriesFile(contentsOf: url) }
        }
        let url = try folder.write(gzip([]), to: "nothing.gz")
        #expect(throws: DatasetError.file(path: url.path, .empty)) { try SeriesFile(contentsOf: url) }
        #expect(throws: DatasetError.file(path: folder.url.path, .notARegularFile)) {
            try SeriesFile(contentsOf: folder.url)
        }
    }

    @Test func refusesPlainFilesNamedAsGzipAndTheReverse() throws {
        let text = Array("1,2\n".utf8)
        let plain = try folder.write(text, to: "plain.gz")
        #expect(throws: DatasetError.file(path: plain.path, .notGzip)) { try SeriesFile(contentsOf: plain) }
        let compressed = try folder.write(gzip(text), to: "compressed.txt")
        #expect(throws: DatasetError.file(path: compressed.path, .gzipWithoutSuffix)) {
            try SeriesFile(contentsOf: compressed)
        }
    }

    @Test func refusesDamagedGzipFiles() throws {
        let bytes = gzip(Array("1,2\n3,4\n".utf8))
        for length in 1..<bytes.count {
            let url = try folder.write(Array(bytes[..<length]), to: "cut.gz")
            #expect(throws: DatasetError.file(path: url.path, .truncatedGzip(byteCount: length))) {
                try SeriesFile(contentsOf: url)
            }
        }
        let more = try folder.write(bytes + [1, 2, 3], to: "more.gz")
        #expect(throws: DatasetError.file(path: more.path, .dataAfterGzip)) { try SeriesFile(contentsOf: more) }
    }

    @Test func inflatesNoMoreThanOneLineThatIsTooLong() throws {
        // 64 MB of zeros.
        let block = gzip([UInt8](repeating: UInt8(ascii: "0"), count: 1 << 24))
        let url = try folder.write(Array([[UInt8]](repeating: block, count: 4).joined()), to: "bomb.gz")
        #expect(throws: DatasetError.file(path: url.path, .lineTooLong(line: 1, limit: 1 << 20))) {
            try SeriesFile(contentsOf: url)
        }
    }

    @Test(arguments: [SeriesFile.Layout.numbers, .dated])
    func survivesTruncationAndDamage(layout: SeriesFile.Layout) throws {
        let rows = (0..<12).map { "\($0).25,-0.00\($0)1,1\($0)e-2" }
        let text =
            layout == .numbers
            ? rows.joined(separator: "\r\n")
            : "date,a,b,c\n" + rows.map { "2016-07-01 00:00:00," + $0 }.joined(separator: "\n")
        var random = SplitMix64(seed: 41)
        for (name, original) in [("series.txt", Array(text.utf8)), ("series.txt.gz", gzip(Array(text.utf8)))] {
            try expectSurvival(of: original, writtenTo: name, in: folder, using: &random) { url in
                let values = try SeriesFile(contentsOf: url, layout: layout).values
                #expect(values.rank == 2 && (1...24).contains(values.size(0)) && (1...6).contains(values.size(1)))
                #expect(values.isAllFinite())
            }
        }
    }
}

@Suite struct SeriesFolderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ name: DatasetName) throws -> Split<SeriesDataset> {
        try Catalog(folder: folder.url).dataset(name).map { $0 as! SeriesDataset }
    }

    /// A series of two columns that grow.
    private func text(rows: Int, isDated: Bool = false) -> [UInt8] {
        let lines = (0..<rows).map { (isDated ? "2016-07-01 \($0)," : "") + "\($0),\(2 * $0).5\n" }
        return Array(((isDated ? "date,a,b\n" : "") + lines.joined()).utf8)
    }

    @Test(arguments: [
        (DatasetName.electricity, "electricity.txt"), (.traffic, "traffic.txt"), (.exchangeRate, "exchange_rate.txt"),
        (.ettH1, "ETTh1.csv"), (.ettH2, "ETTh2.csv"), (.ettM1, "ETTm1.csv"), (.ettM2, "ETTm2.csv"),
    ])
    func readsTheFileOfEachName(name: DatasetName, file: String) throws {
        let content = text(rows: 300, isDated: file.hasSuffix("csv"))
        for (path, bytes) in [
            ("time-series/\(file).gz", gzip(content)), ("time-series/\(file)", content),
            ("\(name.rawValue)/\(file).gz", gzip(content)), ("\(name.rawValue)/\(file)", content),
        ] {
            let url = try folder.write(bytes, to: path)
            let split = try read(name)
            #expect(split.name == name.rawValue)
            #expect(split.train.inputShape == [168, 2] && split.test.inputShape == [168, 2])
            #expect(split.train.count == 210 - 168 - 24 + 1)
            #expect(split.test.count == 60)
            #expect(split.train.dtype == .float32)
            try FileManager.default.removeItem(at: url)
        }
    }

    @Test func prefersTheFolderOfTheName() throws {
        try folder.write(text(rows: 300), to: "time-series/traffic.txt")
        try folder.write(text(rows: 400), to: "traffic/traffic.txt")
        #expect(try read(.traffic).test.count == 80)
    }

    @Test func namesTheMissingFile() throws {
        #expect(
            throws: DatasetError.missingFiles(
                dataset: "exchange-rate", folder: folder.url.path + "/exchange-rate", files: ["exchange_rate.txt"])
        ) { try read(.exchangeRate) }
    }

    @Test func refusesSeriesThatAreTooShort() throws {
        let url = try folder.write(text(rows: 274), to: "electricity/electricity.txt")
        #expect(throws: DatasetError.file(path: url.path, .tooFewRows(274, expected: 275))) { try read(.electricity) }
        try folder.write(text(rows: 275), to: "electricity/electricity.txt")
        #expect(try read(.electricity).train.count == 1)
    }

    /// Reads the files of these series, where there are any.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: Catalog.defaultFolder().path + "/time-series")),
        arguments: [
            // The standardized first and last numbers of the file, found in Python with its exact sums.
            (DatasetName.exchangeRate, 8, 7588, 0.606_784_680_100_066, 1.153_604_388_608_830),
            (.ettH1, 7, 17_420, -0.254_746_920_410_173, -0.805_861_773_784_022),
            (.ettH2, 7, 17_420, 0.161_557_329_652_331, 1.505_638_415_926_393),
        ])
    func readsTheRealFiles(
        name: DatasetName, columns: Int, rows: Int, firstValue: Double, lastValue: Double
    ) throws {
        let split = try Catalog().dataset(name).map { $0 as! SeriesDataset }
        #expect(split.train.inputShape == [168, columns])
        #expect(split.train.values.size(0) == rows * 7 / 10)
        #expect(split.test.count == rows / 5)
        // Standardized columns have mean 0 and variance 1.
        let train = split.train.values
        let means = train.sum(along: [0]) / Double(train.size(0))
        let variances = (train * train).sum(along: [0]) / Double(train.size(0))
        #expect(means.absolute().doubles().max()! < 1e-10)
        #expect((variances + -1).absolute().doubles().max()! < 1e-10)
        let corners = [train.doubles().first!, split.test.values.doubles().last!]
        #expect(zip(corners, [firstValue, lastValue]).allSatisfy { abs($0 - $1) < 1e-9 })
    }
}
