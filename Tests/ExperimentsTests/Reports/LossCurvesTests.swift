import Foundation
import Reporting
import TestSupport
import Testing

@testable import Experiments

private let gnuplot = try? Gnuplot()

@Suite struct LossCurvesTests {
    @Test(.enabled(if: gnuplot != nil, "gnuplot is not installed"))
    func drawsLossCurves() throws {
        let baseline = arm(run([2, 1, 0.5]), run([2.2, 1.1, 0.6]))
        let teleports = [teleport(epoch: 0), teleport(epoch: 0), teleport(epoch: 1)]
        let curves = LossCurves(
            summary(
                baseline, arm(run([1, 0.5, 0.05], teleports: teleports), run([1.2, 0.6, 0.04], secondsPerEpoch: 11))))
        #expect(curves.overEpochs.panels.map(\.markers?.x) == [[0, 1], [0, 1]])
        #expect(curves.overSeconds.panels[0].markers?.x == [0, 10.5])
        #expect(curves.overEpochs.panels[0].isLogarithmic)
        #expect(curves.overEpochs.panels[1].series[1].deviation?.count == 3)
        try withTemporaryFolder { folder in
            let files = try curves.figures.draw(into: folder, with: #require(gnuplot))
            #expect(
                files.map(\.lastPathComponent) == [
                    "loss-over-epochs.svg", "loss-over-epochs.png", "loss-over-seconds.svg", "loss-over-seconds.png",
                ])
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
                    == files.map(\.lastPathComponent).sorted())
            for file in files {
                let data = try Data(contentsOf: file)
                if file.pathExtension == "png" {
                    try expectPNG(data, width: 2240, height: 800)
                } else {
                    let text = String(decoding: data, as: UTF8.self)
                    #expect(text.contains("Training loss (logarithmic scale)") && text.contains("<text>Test loss"))
                    #expect(text.contains("baseline") && text.hasSuffix("</svg>\n\n"))
                }
            }
            // Drawn again, the files are the same to the byte.
            let before = try files.map { try Data(contentsOf: $0) }
            try curves.figures.draw(into: folder, with: #require(gnuplot))
            #expect(try files.map { try Data(contentsOf: $0) } == before)
        }
    }

    @Test(.enabled(if: gnuplot != nil, "gnuplot is not installed"))
    func chartsWithoutFiniteValuesAreDrawn() throws {
        try withTemporaryFolder { folder in
            let curves = LossCurves(summary(arm(run([.nan])), arm(run([.infinity]), Run())))
            let files = try curves.figures.draw(into: folder, with: #require(gnuplot))
            let text = try String(contentsOf: files[0], encoding: .utf8)
            #expect(text.contains("no finite values"))
            #expect(text.contains("baseline (no finite values)"))
        }
    }

    /// Holds the signature, the header and the end of a PNG against the format.
    private func expectPNG(_ data: Data, width: Int, height: Int) throws {
        let bytes = [UInt8](data)
        try #require(bytes.count > 1000)
        #expect(Array(bytes[0..<8]) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        func number(at offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        #expect(number(at: 16) == width)
        #expect(number(at: 20) == height)
        #expect(String(decoding: bytes.suffix(8).prefix(4), as: UTF8.self) == "IEND")
    }
}
