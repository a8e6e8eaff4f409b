import Foundation
import TestSupport
import Testing

@testable import Reporting

private let gnuplot = try? Gnuplot()

@Suite struct FigureTests {
    private let chart = LineChart(
        title: "Training loss", horizontalLabel: "epoch", isLogarithmic: true,
        series: [
            .init(name: "baseline", x: [1, 2, 3], y: [1, 0.5, 0.25], deviation: [0.1, 0.1, 0.5]),
            .init(name: "teleport", x: [1, 2, 3], y: [0.75, .nan, 0.0625]),
        ], markers: .init(name: "a teleport", x: [0, 1], series: 1))

    private func script(_ chart: LineChart, as format: Figure.Format = .svg) -> String {
        Figure(panels: [chart]).script(for: format)
    }

    @Test func scriptHoldsTheChart() {
        let script = script(chart)
        let lines = script.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(script.contains("$chart0series0 << END\n1.0 1.0 0.9 1.1\n2.0 0.5 0.4 0.6\n"))
        // A gap at the point that is not finite.
        #expect(script.contains("$chart0series1 << END\n1.0 0.75 0.75 0.75\n\n3.0 0.0625 0.0625 0.0625\nEND\n"))
        #expect(script.contains("$chart0markers << END\n0.0\n1.0\nEND\n"))
        #expect(lines.count { $0 == "set logscale y" } == 1)
        #expect(lines.count { $0.hasPrefix("set label 'Training loss'") } == 1)
        #expect(lines.contains { $0.hasPrefix("set terminal svg noenhanced size 560,400") })
        #expect(
            self.script(chart, as: .png).split(separator: "\n").contains {
                $0.hasPrefix("set terminal pngcairo noenhanced size 1120,800")
            })
        // The band of the one series that has one.
        #expect(script.components(separatedBy: "filledcurves").count == 2)
    }

    @Test func aBandOnALogarithmicAxisStaysPositive() throws {
        let row = try #require(script(chart).split(separator: "\n").first { $0.hasPrefix("3.0 0.25") })
        let numbers = row.split(separator: " ").compactMap { Double($0) }
        #expect(numbers[2] > 0 && numbers[2] < 0.25)
        #expect(numbers[3] == 0.75)
    }

    @Test func aLinearAxisKeepsNegativeValues() {
        var chart = chart
        chart.isLogarithmic = false
        #expect(script(chart).contains("3.0 0.25 -0.25 0.75"))
        #expect(!script(chart).contains("\nset logscale"))
    }

    @Test func levelSetsAndPlacesAreInTheScript() throws {
        let chart = LineChart(
            title: "Booth", horizontalLabel: "x1", horizontalRange: 0...4, verticalRange: -3...1,
            series: [.init(name: "path", x: [3, 1], y: [-2, 0], color: 2)],
            points: [
                .init(name: "minimum", x: [1, .nan], y: [0.5, 1], symbol: .star, color: 4),
                .init(name: "nowhere", x: [.nan], y: [1], symbol: .circle, color: 5),
            ], contours: [.init(x: [0, 9, .nan, 9], y: [1, 8, 7, 6]), .init(x: [2, 3], y: [4, 5])])
        let script = script(chart)
        #expect(script.contains("$chart0contours << END\n0.0 1.0\n9.0 8.0\n\n9.0 6.0\n\n2.0 4.0\n3.0 5.0\n\nEND\n"))
        #expect(script.contains("$chart0points0 << END\n1.0 0.5\nEND\n") && !script.contains("nowhere"))
        #expect(script.contains("set label 'minimum'"))
        // What lies beyond the ends of the axes does not move them.
        #expect(script.contains("set xrange [0.0:4.0]\nset yrange [-3.0:1.0]\n"))
        let plot = try #require(script.split(separator: "\n").first { $0.hasPrefix("plot ") })
        let elements = plot.components(separatedBy: ", ")
        #expect(elements.map { $0.contains("contours") } == [true, false, false], "beneath the line")
        #expect(elements[1].contains("linecolor rgb '#009E73'") && elements[2].contains("pointtype 3"))
    }

    @Test func aHorizontalAxisCanBeLogarithmic() {
        let chart = LineChart(
            title: "gradient against loss", horizontalLabel: "loss", isLogarithmic: true,
            isHorizontallyLogarithmic: true,
            series: [.init(name: "path", x: [100, 0, 1], y: [5, 4, 3])],
            markers: .init(name: "a", x: [0, 10], series: 0),
            points: [.init(name: "end", x: [1, -1], y: [3, 3], symbol: .cross, color: 1)])
        let script = script(chart)
        #expect(script.contains("\nset logscale x\nset logscale y\n"))
        // What has no place on the axis is left out.
        #expect(script.contains("$chart0series0 << END\n100.0 5.0 5.0 5.0\n\n1.0 3.0 3.0 3.0\nEND\n"))
        #expect(script.contains("$chart0markers << END\n10.0\nEND\n"))
        #expect(script.contains("$chart0points0 << END\n1.0 3.0\nEND\n"))
        #expect(self.script(self.chart).contains("unset logscale x\n"))
    }

    @Test func aDashedLineIsDashedInTheLegendToo() {
        var chart = chart
        chart.series[1].isDashed = true
        #expect(script(chart).components(separatedBy: "dashtype").count == 3)
        #expect(!script(self.chart).contains("dashtype"))
    }

    @Test func textsAreQuoted() {
        #expect(ChartScript.quoted("it's \\n \"a_b\" `x` 損失") == "'it''s \\n \"a_b\" `x` 損失'")
        #expect(ChartScript.quoted("two\nlines\r\u{0}") == "'two lines  '")
    }

    @Test func axesAreLabelledAtRoundNumbers() {
        #expect(ChartAxis(fitting: [0, 1, 2, 3]).tics == [0, 1, 2, 3])
        #expect(ChartAxis(fitting: [0, 17.5]).tics == [0, 5, 10, 15])
        #expect(ChartAxis(rounding: [0.13, 0.87]).labels == ["0", "0.2", "0.4", "0.6", "0.8", "1"])
        #expect(ChartAxis(rounding: [0.13, 0.87]).range == 0...1)
        #expect(ChartAxis(logarithmic: [0.02, 1.5]).labels == ["0.02", "0.05", "0.1", "0.2", "0.5", "1"])
        #expect(ChartAxis(logarithmic: [0.0009, 20]).labels == ["0.001", "0.01", "0.1", "1", "10"])
        #expect(ChartAxis(logarithmic: [1e-12, 1]).tics.count <= 8)
        let point = ChartAxis(rounding: [5, 5])
        #expect(point.range.lowerBound < 5 && point.range.upperBound > 5)
        #expect(ChartAxis(fitting: []).range == 0...1)
        #expect(abs(ChartAxis(logarithmic: [1, 100]).position(at: 0.5) - 10) < 1e-9)
    }

    @Test func legendsBreakIntoRows() {
        func entry(_ name: String) -> Legend.Entry {
            Legend.Entry(name: name, color: "rgb '#000000'", hasLine: true, pointType: nil)
        }
        let short = Legend(entries: [entry("a"), entry("b")], width: 450)
        #expect(short.positions[0].y == short.positions[1].y)
        #expect(short.positions[1].x > short.positions[0].x + Legend.sampleWidth)
        let long = Legend(entries: [entry("a"), entry(String(repeating: "long ", count: 12))], width: 450)
        #expect(long.positions[1].x == 0)
        #expect(long.height > short.height)
    }

    @Test func missingGnuplotIsToldApart() {
        #expect(throws: ReportError.gnuplotNotFound) { try Gnuplot(searchPath: "") }
        #expect(throws: ReportError.gnuplotNotFound) { try Gnuplot(searchPath: "/nowhere:/nowhere/else") }
        #expect(ReportError.gnuplotNotFound.description.contains("install gnuplot"))
    }

    /// Calls `body` with a folder and a gnuplot in it that is a shell script.
    private func withFake(_ script: String, secondsAllowed: Int = 60, _ body: (URL, Gnuplot) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let program = folder.appendingPathComponent("gnuplot")
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: program)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
            try body(folder, Gnuplot(searchPath: "/nowhere:\(folder.path)", secondsAllowed: secondsAllowed))
        }
    }

    private var figures: [NamedFigure] { [.init("a", Figure(panels: [chart])), .init("b", Figure(panels: [chart]))] }

    @Test func aFailingGnuplotIsQuotedHoweverMuchItSays() throws {
        // More than a pipe holds, so that waiting for the end without reading would never return.
        try withFake("head -c 300000 /dev/zero | tr '\\0' x >&2\necho the end >&2\nexit 3") { folder, fake in
            let error = #expect(throws: ReportError.self) { try figures.draw(into: folder, with: fake) }
            guard case .gnuplotFailed(let output) = error else {
                Issue.record("not the error of a failing gnuplot: \(String(describing: error))")
                return
            }
            #expect(output.hasSuffix("the end"))
            #expect(output.count > 300_000)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names == ["gnuplot"])
        }
    }

    @Test("A drawing that stops in the middle, as on a full disk, replaces no good one", arguments: ["svg", "png"])
    func incomplete(format: String) throws {
        // The first of them is drawn to its end.
        let script = """
            cat > in; grep -q pngcairo in && f=png || f=svg
            if [ $f = \(format) ]; then printf '<svg><path'; elif [ $f = svg ]; then printf '<svg></svg>\\n\\n'
            else printf 'IEND\\256B\\140\\202'; fi
            """
        try withFake(script.replacing("> in", with: "> \"$0.in\"").replacing("pngcairo in", with: "pngcairo \"$0.in\""))
        {
            folder, fake in
            let good = folder.appendingPathComponent("a.svg")
            try Data("good".utf8).write(to: good)
            let error = #expect(throws: ReportError.self) { try figures.draw(into: folder, with: fake) }
            #expect(error?.description.contains("its \(format.uppercased()) is not complete; make room in") == true)
            #expect(try String(contentsOf: good, encoding: .utf8) == "good")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                    "a.svg", "gnuplot", "gnuplot.in",
                ])
        }
    }

    @Test func aGnuplotThatHangsIsEndedWithAllThatItStarted() throws {
        try withFake("sleep 1000 & echo $! > \"$0.child\"; sleep 1000", secondsAllowed: 1) { folder, fake in
            let start = Date()
            let error = #expect(throws: ReportError.self) { try figures.draw(into: folder, with: fake) }
            #expect(error == .gnuplotTooSlow(seconds: 1) && -start.timeIntervalSinceNow < 10)
            let text = try String(contentsOf: folder.appendingPathComponent("gnuplot.child"), encoding: .utf8)
            let child = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            // It is gone once its new parent has heard of its end.
            let deadline = Date(timeIntervalSinceNow: 10)
            while kill(child, 0) == 0, Date() < deadline, try isRunning(child) { Thread.sleep(forTimeInterval: 0.02) }
            #expect(try !isRunning(child))
        }
    }

    /// Whether a process runs, and is not only waited for.
    private func isRunning(_ process: Int32) throws -> Bool {
        guard kill(process, 0) == 0 else { return false }
        let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return status.map { !$0.contains(") Z ") } ?? true
    }

    @Test(.enabled(if: gnuplot != nil, "gnuplot is not installed"))
    func gnuplotsOwnErrorsAreQuoted() throws {
        let error = #expect(throws: ReportError.self) { try #require(gnuplot).run("plot nonsense\n") }
        #expect(error?.description.contains("nonsense") == true)
    }

    @Test(.enabled(if: gnuplot != nil, "gnuplot is not installed"))
    func strangeTextsAreShownAsTheyAre() throws {
        try withTemporaryFolder { folder in
            let trap = folder.appendingPathComponent("trap").path
            let title = "It's \"a_b^{2}\" \\n `touch \(trap)` @x $y 損失 <&>"
            let strange = LineChart(
                title: title, horizontalLabel: title, verticalLabel: title,
                series: [.init(name: title, x: [0, 1], y: [0, 1])],
                markers: .init(name: title, x: [0], series: 0))
            let figure = NamedFigure("it's \"odd\" _", Figure(panels: [strange]))
            let svg = try [figure].draw(into: folder, with: #require(gnuplot))[0]
            let text = try String(contentsOf: svg, encoding: .utf8)
            let shown = title.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            #expect(
                text.replacing("&gt;", with: ">").components(separatedBy: shown.replacing("&gt;", with: ">")).count == 6
            )
            #expect(!FileManager.default.fileExists(atPath: trap))
        }
    }

    @Test(.enabled(if: gnuplot != nil, "gnuplot is not installed"))
    func anUnwritableFolderIsNamed() throws {
        try withTemporaryFolder { folder in
            try Data().write(to: folder)
            let error = #expect(throws: ReportError.self) {
                try figures.draw(into: folder, with: #require(gnuplot))
            }
            guard case .unwritable(let path, _) = error else {
                Issue.record("not the error of a folder that cannot be written: \(String(describing: error))")
                return
            }
            #expect(path.contains(folder.path))
        }
    }
}
