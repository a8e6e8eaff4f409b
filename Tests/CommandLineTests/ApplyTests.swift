import Foundation
import NeuralNetworks
import Testing
import Torch

/// `teleport apply` from beginning to end.
@Suite struct ApplyTests {
    let folder: TemporaryFolder
    /// The weights of a model, as a wrapper of PyTorch's names them.
    private let weights: Safetensors

    init() throws {
        folder = try TemporaryFolder()
        let model = MLP(inputs: 784, hidden: [48, 48], outputs: 10, using: Generator(seed: 0))
        let tensors = StateDictionary(of: model).file.tensors.map { ("module." + $0, $1) }
        weights = Safetensors(
            tensors: Dictionary(uniqueKeysWithValues: tensors), metadata: ["format": "pt", "step": "1200"])
        try weights.write(to: folder.url.appending(path: "in.safetensors"))
    }

    private func run(_ options: String...) throws -> Tool.Result {
        try Tool.run(
            ["apply", "--model", "mlp:48,48", "--training-samples", "400", "--threads", "1"] + options, in: folder.url)
    }

    private func refuse(
        _ options: [String], status: Int32, saying texts: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try Tool.run(["apply", "--training-samples", "400", "--threads", "1"] + options, in: folder.url)
        #expect(result.status == status && result.output.isEmpty, sourceLocation: sourceLocation)
        #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
        for text in texts { #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: sourceLocation) }
    }

    @Test func writesTheSameNamesTypesAndTextsAndSaysWhatChanged() throws {
        let result = try run("--weights", "in.safetensors", "--output", "out.safetensors", "--learning-rate", "0.1")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        for text in ["teleport batches", "test samples", "free before", "The weights are in out.safetensors"] {
            #expect(result.output.contains(text), "\(result.output)")
        }
        let moved = try Safetensors(contentsOf: folder.url.appending(path: "out.safetensors"))
        #expect(moved.metadata == weights.metadata && Set(moved.tensors.keys) == Set(weights.tensors.keys))
        for (name, tensor) in weights.tensors {
            let other = try #require(moved.tensors[name])
            #expect(other.shape == tensor.shape && other.dtype == tensor.dtype)
            // The first layer reads the data and cannot move.
            #expect((other.doubles() == tensor.doubles()) == name.hasPrefix("module.1."), "\(name)")
        }
    }

    @Test func printsJSONAndReadsYAML() throws {
        try folder.write(
            "model: mlp:48,48\nweights: in.safetensors\noutput: out.safetensors\ntau: 0.99\njson: true\n",
            to: "options.yaml")
        let result = try Tool.run(
            ["apply", "--config", "options.yaml", "--training-samples", "400", "--threads", "1"], in: folder.url)
        #expect(result.status == 0, "\(result.errors)")
        let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let root = try #require(json as? [String: Any])
        #expect(
            Set(root.keys) == ["configuration", "data", "layers", "teleportBatches", "teleports", "testSamples"])
        let change = try #require(root["teleportBatches"] as? [String: Any])
        #expect(
            Set(change.keys) == [
                "samples", "lossBefore", "lossAfter", "gradientNormSquaredBefore", "gradientNormSquaredAfter",
            ])
        #expect((root["configuration"] as? [String: Any])?["tau"] as? Double == 0.99)
        #expect((root["layers"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["3", "5"])
        #expect(folder.has("out.safetensors"))
    }

    @Test func replacesNoFileUnlessItIsToldTo() throws {
        let model = ["--model", "mlp:48,48", "--weights", "in.safetensors"]
        try folder.write("mine", to: "other")
        try refuse(
            model + ["--output", "in.safetensors"], status: 2,
            saying: "--output in.safetensors: is the file of --weights",
            "--overwrite")
        try refuse(
            model + ["--output", "other"], status: 2, saying: "--output other: there is such a file", "--overwrite")
        #expect(try String(contentsOf: folder.url.appending(path: "other"), encoding: .utf8) == "mine")
        try refuse(
            model + ["--output", "none/file"], status: 2, saying: "--output none/file", "No such file",
            "name another file")
        try refuse(model + ["--output", ".", "--overwrite"], status: 2, saying: "--output .", "Is a directory")
        let result = try run("--weights", "in.safetensors", "--output", "in.safetensors", "--overwrite", "--quiet")
        #expect(result.status == 0 && !result.output.contains("The weights are in"), "\(result.errors)")
        let moved = try Safetensors(contentsOf: folder.url.appending(path: "in.safetensors"))
        #expect(moved.tensors["module.5.weight"]?.doubles() != weights.tensors["module.5.weight"]?.doubles())
        #expect(
            try Set(
                FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter {
                    !$0.hasPrefix(".output") && !$0.hasPrefix(".errors")
                })
                == ["in.safetensors", "other"])
    }

    @Test func refusesWeightsThatAreNone() throws {
        let output = ["--output", "out.safetensors"]
        try folder.write("{}", to: "text")
        try refuse(output + ["--weights", "none"], status: 3, saying: "none: no such file")
        try refuse(output + ["--weights", "text"], status: 3, saying: "text: 2 bytes, expected at least 8")
        try refuse(output + ["--weights", "."], status: 3, saying: "not a regular file")
        try refuse(
            output + ["--weights", "in.safetensors", "--model", "mlp:48,32"], status: 3,
            saying: "in.safetensors: the weights are not those of the model",
            "module.3.weight is [48, 48] of float32 instead of [32, 48]",
            "module.5.weight is [10, 48] of float32 instead of [10, 32]")
        try refuse(
            output + ["--weights", "in.safetensors", "--dataset", "mnist", "--data", "."], status: 3, saying: "mnist")
        #expect(!folder.has("out.safetensors"))
    }

    @Test func refusesWhatItDoesNotHeed() throws {
        let given = ["--weights", "in.safetensors", "--output", "out.safetensors"]
        try refuse(["--output", "out"], status: 2, saying: "--weights")
        try refuse(["--weights", "in.safetensors"], status: 2, saying: "--output")
        try refuse(given + ["--weights", ""], status: 2, saying: "--weights", "name a safetensors file")
        for option in ["--schedule", "--trial-steps", "--batch-size", "--epochs", "--warm-up-steps"] {
            try refuse(given + [option, "1"], status: 2, saying: "Unknown option '\(option)'")
        }
        try refuse(
            given + ["--model", "mlp:48,48", "--method", "symmetry"], status: 2, saying: "relu is not bijective",
            "--group-action approximate")
    }
}
