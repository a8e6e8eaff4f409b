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

    /// A series of many columns, which is gone through in several pieces, the last one smaller.
    @Test func standardizesSeriesOfAnySize() throws {
        let (rowCount, width) = (1000, 301)
        var random = SplitMix64(seed: 73)
        let numbers = (0..<rowCount * width).map { index in
            // Far from zero, save for a column that is constant.
            index % width == 7 ? 0.1 : 1e4 + Double(random.integer(below: 1000))
        }
        let split = try #require(SeriesDataset.split(named: "rows", of: Tensor(numbers, shape: [rowCount, width])))
        let parts = [
            (split.train.values.doubles(), 0), (split.test.values.doubles(), rowCount - split.test.values.size(0)),
        ]
        for column in 0..<width {
            let train = (0..<700).map { numbers[$0 * width + column] }
            let mean = train.reduce(0, +) / 700
            let variance = train.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 700
            let deviation = column == 7 ? 1 : variance.squareRoot()
            for (found, firstRow) in parts {
                let errors = stride(from: column, to: found.count, by: width).map { index in
                    abs(found[index] - (numbers[firstRow * width + index] - mean) / deviation)
                }
                #expect(errors.max()! < 1e-10)
            }
        }
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

    private func file(_ text: String, columnCount: Int? = nil) throws -> SeriesFile {
        try SeriesFile(contentsOf: folder.write(Array(text.utf8), to: "series.txt"), columnCount: columnCount)
    }

    private func read(_ text: String, columnCount: Int? = nil) throws -> Tensor {
        try file(text, columnCount: columnCount).values
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

    @Test(arguments: [
        "date,HUFL,OT\n2016-07-01 00:00:00,5.8,30.5\n2016-07-01 01:00:00,1,2\n",
        "2016-07-01 00:00:00,5.8,30.5\n2016-07-01 01:00:00,1,2\n", "HUFL,OT\n5.8,30.5\n1,2\n", "0,1\n5.8,30.5\n1,2\n",
        "time,HUFL,OT\n2016-07-01,5.8,30.5\n2016-07-02,1,2\n", ",0,1\n2016-07-01,5.8,30.5\n2016-07-02,1,2\n",
        "Date,HUFL,OT\r\n2016/7/1 0:00,5.8,30.5\r\n2016/7/1 1:00,1,2\r\n",
        "\"date\",\"HUFL\",\"OT\"\n\"2016-07-01\",5.8,30.5\n\"2016-07-02\",1,2",
        "date,0,OT\n7/1/2016 1:00 AM,5.8,30.5\n7/1/2016 1:00 PM,1,2\n",
        "date, a, b\n2016-07-01T00:00Z, 5.8, 30.5\n2016-07-02,1 ,\t2\n",
        "\u{feff}date,a,b\n2016-07-01,5.8,30.5\n\u{feff}2016-07-02,\"1\",\" 2\"\n",
        "\u{feff}5.8,30.5\n1, 2\n\n", "5.8,30.5\r\n1,2\r\n\r\n  \r\n",
    ])
    func passesOverHeadersDatesMarksBlanksAndQuotes(text: String) throws {
        // What may be a row of a user's own is none of the papers'.
        for columnCount in text.hasPrefix("0,1") ? [2] : [nil, 2] {
            let file = try file(text, columnCount: columnCount)
            #expect(file.values.shape == [2, 2] && file.warnings == [])
            #expect(file.values.elements() == [5.8, 30.5, 1, 2] as [Double])
        }
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

    /// Rows of every form that is taken, held against the fields split and read by the standard library.
    @Test func readsRandomRowsAsTheStandardLibraryDoes() throws {
        var random = SplitMix64(seed: 59)
        func pick(_ texts: [String]) -> String { texts[random.integer(below: texts.count)] }
        func number() -> String {
            let digits = (0...random.integer(below: 22)).map { _ in "\(random.integer(below: 10))" }.joined()
            let point = random.integer(below: digits.count + 1)
            let text = pick([digits, digits, digits.prefix(point) + "." + digits.dropFirst(point)])
            return pick(["", "", "-", "+"]) + text + pick(["", "", "", "e\(random.integer(below: 30) - 20)"])
        }
        for _ in 0..<100 {
            let width = 1 + random.integer(below: 40)
            var text = ""
            var expected: [Double] = []
            for _ in 0...random.integer(below: 30) {
                let numbers = (0..<width).map { _ in number() }
                expected += numbers.map { Double($0)! }
                let fields = numbers.map { field in
                    let quote = pick(["", "", "", "\""])
                    return pick(["", "", " "]) + quote + field + quote + pick(["", "", "\t "])
                }
                text += fields.joined(separator: ",") + pick(["\n", "\r\n"])
            }
            // What separates one column may be blanks.
            guard width > 1 || !text.contains(where: { " \t".contains($0) }) else { continue }
            let values = try read(text, columnCount: pick(["", "x"]).isEmpty ? nil : width)
            #expect(values.shape == [expected.count / width, width])
            #expect(values.elements() == expected, "\(text)")
        }
    }

    @Test func countsTheColumnsOfEveryRow() throws {
        var random = SplitMix64(seed: 61)
        for _ in 0..<100 {
            let width = 1 + random.integer(below: 30)
            let rowCount = 2 + random.integer(below: 20)
            let wrong = 1 + random.integer(below: rowCount - 1)
            // One number each in as few bytes as there can be.
            let found = width + [-1, 1, width + 1][random.integer(below: 3)]
            guard found > 0 else { continue }
            let rows = (0..<rowCount).map { row in
                [String](repeating: "7", count: row == wrong ? found : width).joined(separator: ",")
            }
            try expect(
                .wrongColumnCount(found, line: wrong + 1, expected: width), reading: rows.joined(separator: "\n"))
        }
    }

    // MARK: Defects

    /// Checks that reading a text, both as it is and compressed, fails as expected and that the message names the file.
    private func expect(
        _ defect: FileDefect, reading text: String, columnCount: Int? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bytes = Array(text.utf8)
        for (name, bytes) in [("series.txt", bytes), ("series.txt.gz", gzip(bytes))] {
            let url = try folder.write(bytes, to: name)
            let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) {
                try SeriesFile(contentsOf: url, columnCount: columnCount)
            }
            #expect(error == .file(path: url.path, defect), sourceLocation: sourceLocation)
            #expect(error?.description.hasPrefix(url.path + ": ") == true, sourceLocation: sourceLocation)
        }
    }

    @Test func refusesWhatIsNoNumber() throws {
        try expect(.notANumber("abc", line: 2, column: 2), reading: "1,2\n3,abc\n")
        try expect(.notANumber("", line: 1, column: 2), reading: "1,,3\n")
        try expect(.notANumber("", line: 1, column: 3), reading: "1,2,\n")
        try expect(.notANumber("2x", line: 1, column: 2), reading: "1,2x\n")
        try expect(.notANumber("0x10", line: 1, column: 1), reading: "0x10,1\n")
        try expect(.notANumber("1;2", line: 2, column: 1), reading: "1\n1;2\n")
        for text in ["NA,NaN\n1,2\n", "2x,3x\n1,2\n"] {
            try expect(.notANumber(String(text.prefix { $0 != "," }), line: 1, column: 1), reading: text)
        }
        try expect(.notANumber("a\\0\\u{1B}", line: 1, column: 1), reading: "a\0\u{1b},1\n")
        try expect(
            .notANumber("abcdefghijklmnopq...", line: 1, column: 1), reading: "abcdefghijklmnopqrstuvwxyz,1\n")
        try expect(.notANumber("x", line: 3, column: 2), reading: "date,a\n2016-07-01,1\n2016-07-02,x\n")
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
        #expect(try read("0,1\n2,3\n").elements() == [0, 1, 2, 3] as [Double])
        try expect(.wrongColumnCount(0, line: 1, expected: 1), reading: "\n1\n")
        try expect(.wrongColumnCount(1, line: 2, expected: 2), reading: "date,a\n2016-07-01\n")
        try expect(
            .wrongColumnCount(2, line: 3, expected: 3), reading: "date,a,b\n2016-07-01,1,2\n2016-07-02,1\n")
        try expect(
            .wrongColumnCount(0, line: 3, expected: 3), reading: "date,a,b\n2016-07-01,1,2\n\n2016-07-02,1,2\n")
    }

    @Test func holdsTheColumnsAgainstTheNamesAndTheDataSet() throws {
        // Decimal commas, with and without names.
        try expect(.wrongColumnCount(4, line: 1, expected: 2), reading: "0,78,1,61\n", columnCount: 2)
        try expect(
            .wrongColumnCount(7, line: 2, expected: 4), reading: "date,a,b,c\n2016-07-01,5,8,2,0,1,6\n")
        try expect(.wrongColumnCount(4, line: 2, expected: 2), reading: "a,b\n5,8,2,0\n")
        // Numbers of rows, with a name that is none and without any.
        try expect(.wrongColumnCount(3, line: 1, expected: 2), reading: "0,5.8,2\n1,5.7,2\n", columnCount: 2)
        for name in ["", "Unnamed: 0", "index"] {
            try expect(.columnOfRowNumbers, reading: "\(name),0,1\n0,5.8,2\n")
            try expect(.columnOfRowNumbers, reading: "\(name),a,b\n0,5.8,2\n", columnCount: 2)
        }
        // Other names than there are columns, and other columns than the data set has.
        try expect(.wrongColumnCount(2, line: 1, expected: 3), reading: "a,b\n1,2,3\n", columnCount: 3)
        try expect(.wrongColumnCount(3, line: 2, expected: 2), reading: "a,b,c\n1,2,3\n", columnCount: 2)
        func remedy(_ count: Int, _ expected: Int) -> String {
            FileDefect.wrongColumnCount(count, line: 1, expected: expected).description
        }
        #expect(
            remedy(16, 8)
                == "16 columns in line 1, expected 8, separated by commas; where commas stand in the numbers, write points"
        )
        #expect(remedy(15, 8).hasSuffix("; where commas stand in the numbers, write points"))
        #expect(remedy(9, 8).hasSuffix("; leave out a column that is no variable, as one of row numbers"))
        #expect(remedy(7, 8).hasSuffix("; mend it, or download the file again"))
    }

    @Test func wantsDatesWhereTheRowsHaveDates() throws {
        // The first series must not be taken for dates.
        try expect(.notADate("5.8", line: 2), reading: "date,a,b\n5.8,2\n")
        for text in ["2016", "x", "", "1.5.x", "2016-13-13", "2016-07-32", "20160701", "12:30:00", "-1-2-3"] {
            try expect(.notADate(text, line: 3), reading: "date,a\n2016-07-01,1\n\(text),2\n")
        }
        try expect(
            .repeatedHeader(line: 4), reading: "date,a\n2016-07-01,1\n2016-07-02,2\ndate,a\n2016-07-01,1\n")
        try expect(.repeatedHeader(line: 3), reading: "a,b\n1,2\na,b\n1,2\n")
        try expect(.tooFewRows(0, expected: 1), reading: "date,a\n")
    }

    @Test func warnsOfDatesThatDoNotAscend() throws {
        func concern(_ dates: String...) throws -> [DatasetWarning.Concern] {
            let rows = dates.enumerated().map { "\($1),\($0)\n" }.joined()
            return try file("date,a\n" + rows).warnings.map(\.concern)
        }
        #expect(try concern("2016-07-01 23:00:00", "2016-07-02", "2016-07-02 00:00:01", "2016-10-01") == [])
        #expect(
            try concern("2016-07-01 01:00", "2016-07-01 02:00", "2016-07-01 00:30", "2015-01-01")
                == [.datesDoNotAscend("2016-07-01 00:30", line: 4)])
        #expect(try concern("2016/7/1", "2016/7/1") == [.datesDoNotAscend("2016/7/1", line: 3)])
        // Day and month cannot be told apart, nor morning and afternoon.
        #expect(try concern("1/2/2016", "12/1/2016", "3/1/2016") == [])
        #expect(try concern("2016/1/1 11:00 AM", "2016/1/1 1:00 PM") == [])
    }

    @Test(arguments: [2, 3, 4]) func warnsOfAFileThatIsPutTogetherWithItself(times: Int) throws {
        let rows = (0..<7).map { "\($0),\(7 * $0 % 5)\n" }.joined()
        let file = try file(String(repeating: rows, count: times))
        #expect(file.values.shape == [7 * times, 2])
        #expect(file.warnings.map(\.concern) == [.repeatedRows(period: 7)])
        #expect(file.warnings[0].path == file.url.path)
        #expect(try read(String(repeating: rows, count: times) + "0,0\n").size(0) == 7 * times + 1)
    }

    @Test func namesOtherSeparatorsAndForms() throws {
        try expect(.wrongSeparator(.semicolon, hasDecimalCommas: false), reading: "1.5;2\n3;4\n")
        try expect(.wrongSeparator(.semicolon, hasDecimalCommas: true), reading: "1,5;2\n3;4\n", columnCount: 2)
        try expect(.wrongSeparator(.semicolon, hasDecimalCommas: false), reading: "date;a;b\n2016-07-01;1;2\n")
        try expect(.wrongSeparator(.tab, hasDecimalCommas: false), reading: "1.5\t2\n3\t4\n")
        try expect(.wrongSeparator(.tab, hasDecimalCommas: true), reading: "1,5\t2\n3\t4\n")
        try expect(.wrongSeparator(.blank, hasDecimalCommas: false), reading: "1.5  2\n3 4\n")
        try expect(.originalOfUCI, reading: "\"\";\"MT_001\";\"MT_002\"\n\"2011-01-01 00:15:00\";0;0\n")
        try expect(.originalOfUCI, reading: "[0.01 0.02;0.03 0.04]\n")
        func conversion(_ separator: FieldSeparator, _ hasDecimalCommas: Bool) -> Substring {
            FileDefect.wrongSeparator(separator, hasDecimalCommas: hasDecimalCommas).description
                .split(separator: "convert it with ")[1]
        }
        #expect(conversion(.semicolon, false) == "tr ';' ','" && conversion(.semicolon, true) == "tr ',;' '.,'")
        #expect(conversion(.tab, false) == "tr '\\t' ','" && conversion(.tab, true) == "tr ',\\t' '.,'")
        #expect(conversion(.blank, false) == "tr -s ' ' ','")
    }

    @Test(arguments: [true, false]) func namesUTF16(isMarked: Bool) throws {
        for order in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
            let bytes = [UInt8](((isMarked ? "\u{feff}" : "") + "1,2\n3,4\n").data(using: order)!)
            for (name, bytes) in [("series.txt", bytes), ("series.txt.gz", gzip(bytes))] {
                let url = try folder.write(bytes, to: name)
                #expect(throws: DatasetError.file(path: url.path, .utf16)) { try SeriesFile(contentsOf: url) }
            }
        }
    }

    @Test func readsNoMoreNumbersThanALimit() throws {
        // A quarter of a million numbers in a few kilobytes.
        let block = gzip(Array(String(repeating: "0,0,0,0,0,0,0,0\n", count: 1 << 15).utf8))
        let url = try folder.write(block, to: "bomb.txt.gz")
        #expect(block.count < 10_000)
        #expect(throws: DatasetError.file(path: url.path, .tooManyNumbers(limit: 100_000))) {
            try SeriesFile(contentsOf: url, valueLimit: 100_000)
        }
        #expect(try SeriesFile(contentsOf: url).values.count == 1 << 18)
        // Nor empty lines without end.
        let lines = try folder.write(
            gzip(Array("1,2\n".utf8) + [UInt8](repeating: 0x0a, count: 1 << 22)), to: "lines.txt.gz")
        #expect(throws: DatasetError.file(path: lines.path, .tooLarge(byteLimit: 3_200_000))) {
            try SeriesFile(contentsOf: lines, valueLimit: 100_000)
        }
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

    @Test(arguments: [false, true])
    func survivesTruncationAndDamage(isDated: Bool) throws {
        let rows = (0..<12).map { "\($0).25,-0.00\($0)1,1\($0)e-2" }
        let text =
            !isDated
            ? rows.joined(separator: "\r\n")
            : "date,a,b,c\n" + rows.map { "2016-07-01 00:00:00," + $0 }.joined(separator: "\n")
        var random = SplitMix64(seed: 41)
        for (name, original) in [("series.txt", Array(text.utf8)), ("series.txt.gz", gzip(Array(text.utf8)))] {
            try expectSurvival(of: original, writtenTo: name, in: folder, using: &random) { url in
                let values = try SeriesFile(contentsOf: url).values
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

    /// A series of columns that grow.
    private func text(rows: Int, columns: Int, isDated: Bool = false) -> [UInt8] {
        let lines = (0..<rows).map { row in
            (isDated ? "2016-07-\(1 + row / 24) \(row % 24):00," : "")
                + (0..<columns).map { "\(row + $0).5" }.joined(separator: ",") + "\n"
        }
        let names = (0..<columns).map { "v\($0)" }.joined(separator: ",")
        return Array(((isDated ? "date,\(names)\n" : "") + lines.joined()).utf8)
    }

    @Test(arguments: [
        (DatasetName.electricity, "electricity.txt", 321), (.traffic, "traffic.txt", 862),
        (.exchangeRate, "exchange_rate.txt", 8), (.ettH1, "ETTh1.csv", 7), (.ettH2, "ETTh2.csv", 7),
        (.ettM1, "ETTm1.csv", 7), (.ettM2, "ETTm2.csv", 7),
    ])
    func readsTheFileOfEachName(name: DatasetName, file: String, columns: Int) throws {
        let content = text(rows: 300, columns: columns, isDated: file.hasSuffix("csv"))
        for (path, bytes) in [
            ("time-series/\(file).gz", gzip(content)), ("time-series/\(file)", content),
            ("\(name.rawValue)/\(file).gz", gzip(content)), ("\(name.rawValue)/\(file)", content),
        ] {
            let url = try folder.write(bytes, to: path)
            let split = try read(name)
            #expect(split.name == name.rawValue)
            #expect(split.train.inputShape == [168, columns] && split.test.inputShape == [168, columns])
            #expect(split.train.count == 210 - 168 - 24 + 1)
            #expect(split.test.count == 60)
            #expect(split.train.dtype == .float32)
            #expect(split.sizes == [.rows: 300, .columns: columns] && split.warnings == [])
            try FileManager.default.removeItem(at: url)
        }
        // Of which there are not so many in any other.
        let other = try folder.write(text(rows: 300, columns: columns - 1), to: "\(name.rawValue)/\(file)")
        #expect(
            throws: DatasetError.file(path: other.path, .wrongColumnCount(columns - 1, line: 1, expected: columns))
        ) { try read(name) }
    }

    @Test(arguments: [
        (DatasetName.electricity, "electricity/electricity.csv", 321), (.traffic, "traffic/traffic.csv", 862),
        (.exchangeRate, "exchange_rate/exchange_rate.csv", 8), (.ettH1, "ETT-small/ETTh1.csv", 7),
    ])
    func readsTheFilesOfAutoformer(name: DatasetName, path: String, columns: Int) throws {
        try folder.write(text(rows: 300, columns: columns, isDated: true), to: path)
        let dated = try read(name).train.values
        try folder.write(text(rows: 300, columns: columns), to: path)
        #expect(try read(name).train.values.equals(dated).sum().item() == Double(dated.count))
    }

    @Test func readsNoMoreThanTwiceTheDataSet() throws {
        let row = String(repeating: "0,", count: 7) + "0\n"
        let url = try folder.write(
            gzip(Array(String(repeating: row, count: 16_000).utf8)), to: "exchange-rate/exchange_rate.txt.gz")
        #expect(throws: DatasetError.file(path: url.path, .tooManyNumbers(limit: 2 * 7588 * 8))) {
            try read(.exchangeRate)
        }
    }

    @Test func warnsOfColumnsThatNoModelCanForecast() throws {
        /// 400 rows of which column 2 is the row's number, and the others are what is given for a row.
        func warnings(_ column: (Int) -> Double) throws -> [DatasetWarning.Concern] {
            let rows = (0..<400).map { row in
                (0..<8).map { "\($0 == 1 ? Double(row) : $0 % 2 == 0 ? column(row) : Double(row % 7))" }
                    .joined(separator: ",") + "\n"
            }
            try folder.write(Array(rows.joined().utf8), to: "exchange-rate/exchange_rate.txt")
            return try read(.exchangeRate).warnings.map(\.concern)
        }
        #expect(try warnings { $0 < 350 ? 1 : 2 } == [.constantInTraining(columns: [1, 3, 5, 7])])
        #expect(try warnings { _ in 1 } == [])
        // What is nearly constant: ones and 1 + 1e-8 in turn have a standard deviation of 5e-9.
        let nearly = try warnings { $0 < 350 ? 1 + Double($0 % 2) * 1e-8 : 2 }
        guard nearly.count == 1, case .farFromTraining(columns: [1, 3, 5, 7], let deviations) = nearly[0] else {
            Issue.record("\(nearly)")
            return
        }
        #expect(abs(deviations / 2e8 - 1) < 1e-4)
        #expect(
            nearly[0].description
                == "columns 1, 3, 5 and 1 more are in the test rows up to 1e8 standard deviations of the training rows away "
                + "from their mean, so that the test loss says little")
    }

    @Test func prefersTheFolderOfTheName() throws {
        try folder.write(text(rows: 300, columns: 8), to: "time-series/exchange_rate.txt")
        try folder.write(text(rows: 400, columns: 8), to: "exchange-rate/exchange_rate.txt")
        #expect(try read(.exchangeRate).test.count == 80)
    }

    @Test func namesTheMissingFile() throws {
        #expect(
            throws: DatasetError.missingFiles(
                dataset: "exchange-rate", folder: folder.url.path + "/exchange-rate", files: ["exchange_rate.txt"],
                found: FolderContents(path: folder.url.path, names: []), remedy: .put)
        ) { try read(.exchangeRate) }
    }

    @Test func refusesSeriesThatAreTooShort() throws {
        let url = try folder.write(text(rows: 274, columns: 7), to: "etth1/ETTh1.csv")
        #expect(throws: DatasetError.file(path: url.path, .tooFewRows(274, expected: 275))) { try read(.ettH1) }
        try folder.write(text(rows: 275, columns: 7), to: "etth1/ETTh1.csv")
        #expect(try read(.ettH1).train.count == 1)
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
        #expect(split.sizes == [.rows: rows, .columns: columns] && split.warnings == [])
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
