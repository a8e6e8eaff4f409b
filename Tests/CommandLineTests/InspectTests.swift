import Foundation
import Testing

/// `teleport inspect` from beginning to end.
@Suite struct InspectTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ options: String...) throws -> Tool.Result {
        try Tool.run(
            ["inspect", "--model", "mlp:64,64", "--training-samples", "200", "--test-samples", "100", "--threads", "1"]
                + options, in: folder.url)
    }

    @Test func writesTheInspectionAndPrintsTheTables() throws {
        let result = try run("--tau", "0.9,1", "--steps", "2", "--output", "out", "--data", "<b>&\"x' y")
        #expect(result.status == 0)
        let page = try folder.report()
        #expect(page.texts("h1") == ["Room to teleport"] && page.all("table").count == 2)
        #expect(page.texts("dt").contains("libtorch version"))
        #expect(page.texts("code")[0].hasSuffix(" --tau 0.9,1 --steps 2 --data '<b>&\"x'\\'' y'"))
        #expect(result.output.contains("free at 0.9") && result.output.contains("Results are in out/"))
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: folder.url.appendingPathComponent("out/inspection.json")))
        let root = try #require(json as? [String: Any])
        #expect(Set(root.keys) == ["configuration", "data", "environment", "layers", "ascents"])
        let layers = try #require(root["layers"] as? [[String: Any]])
        // The first layer reads the data and cannot move.
        #expect(layers.compactMap { $0["name"] as? String } == ["3", "5"])
        #expect(layers.allSatisfy { Set($0.keys) == ["name", "rows", "dimensions", "room", "remainders"] })
        let ascents = try #require(root["ascents"] as? [[String: Any]])
        #expect(ascents.compactMap { $0["tau"] as? Double } == [0.9, 1])
        for ascent in ascents {
            let points = try #require(ascent["points"] as? [[String: Any]])
            #expect(points.compactMap { $0["step"] as? Int } == [0, 1, 2])
            #expect(points.allSatisfy { Set($0.keys) == ["step", "loss", "gradientNormSquared"] })
        }
    }

    @Test func tellsHowMuchTheDataHoldAndWhatWasUsed() throws {
        let result = try run("--tau", "1", "--steps", "1", "--samples", "100000", "--output", "out")
        #expect(result.status == 0)
        #expect(
            result.output.contains("training images: 12000, test images: 2000, classes: 10, height: 28, width: 28\n"))
        #expect(
            result.errors.contains(
                "teleport: --samples 100000: the data have no more than 200, and that is what is taken"),
            "\(result.errors)")
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: folder.url.appendingPathComponent("out/inspection.json")))
        let root = try #require(json as? [String: Any])
        #expect((root["configuration"] as? [String: Any])?["samples"] as? Int == 200)
        let sizes = ["trainingImages": 12_000, "testImages": 2_000, "classes": 10, "height": 28, "width": 28]
        #expect(root["data"] as? [String: Int] == sizes)
    }

    /// Also of losses of 1e34, which are finite.
    @Test(arguments: [("1e13", "a loss ended at 4.6"), ("1e30", "a loss stopped being finite")])
    func divergenceHasAStatusOfItsOwn(learningRate: String, reason: String) throws {
        let result = try run(
            "--epochs", "1", "--batch-size", "200", "--learning-rate", learningRate, "--output", "out", "--quiet")
        #expect(result.status == 4 && result.output.isEmpty)
        #expect(result.errorLines.count == 1, "\(result.errors)")
        for text in ["teleport: training diverged", reason, "lower --learning-rate"] {
            #expect(result.errors.contains(text), "\(result.errors)")
        }
        #expect(!folder.has("out/inspection.json"))
    }
}
