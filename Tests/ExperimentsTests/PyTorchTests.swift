import Datasets
import Foundation
import NeuralNetworks
import Teleportation
import TestSupport
import Testing
import Torch

@testable import Experiments

/// Weights that come from PyTorch and go back there: the models of Examples/PyTorch, each of them saved, loaded here, teleported,
/// and loaded there again.
@Suite(.enabled(if: Python.withTorch != nil, Comment(rawValue: Python.isMissing))) struct PyTorchTests {
    /// A model here and there.
    private struct Case {
        /// What the command line calls it.
        let model: String
        /// The Python that makes it.
        let python: String
        let data: Split<any Dataset>
        /// What stands before the names of its tensors.
        let prefix: String

        init(_ model: String, _ python: String, on data: Split<any Dataset>, prefix: String = "") {
            (self.model, self.python, self.data, self.prefix) = (model, python, data, prefix)
        }

        /// The name of its files.
        func name(_ index: Int) -> String { "\(index)-" + model.prefix { $0 != ":" } }
    }

    private static func cases() -> [Case] {
        let generator = Generator(seed: 5)
        func images(_ channels: Int) -> Split<any Dataset> {
            let data = ImageDataset(
                images: Tensor.integers([40, channels, 8, 8], in: 0..<256, using: generator).to(dtype: .uint8),
                labels: .integers([40], in: 0..<3, using: generator), classCount: 3)
            return Split(name: "noise", train: data, test: data.prefix(7)).erased
        }
        let values = (0..<70).flatMap { [sin(0.3 * Double($0)), cos(0.5 * Double($0))] }
        let series = SeriesDataset(Tensor(values, shape: [70, 2]), windowLength: 5, horizon: 3)
        let tokens = Tensor.integers([150], in: 0..<6, using: generator)
        let text = TextDataset(tokens, vocabulary: Vocabulary(["a", "b", "c", "d", "e", "f"]), length: 3)
        let words = text.vocabulary.count
        let transformer = "transformer:heads=2,head-size=16,layers=2"
        let sequences = ImageDataset(
            images: Tensor.integers([20, 1, 3, 4], in: 0..<256, using: generator).to(dtype: .uint8),
            labels: .integers([20], in: 0..<3, using: generator), classCount: 3)
        func split(_ data: some Dataset) -> Split<any Dataset> {
            Split(name: "sequences", train: data, test: data.prefix(7)).erased
        }
        return [
            Case("mlp:24,24", "mlp(64, [24, 24], 3)", on: images(1)),
            Case("mlp:24,24:tanh", "mlp(64, [24, 24], 3, nn.Tanh)", on: images(1), prefix: "module."),
            Case("cnn:4,4", "cnn((3, 8, 8), [4, 4], 3)", on: images(3), prefix: "_orig_mod."),
            Case(
                "resnet:4,4,4,8,8", "resnet((3, 8, 8), [4, 4, 4, 8, 8], 3)", on: images(3), prefix: "_orig_mod.module."),
            Case(
                transformer, #"Transformer("numbers", 2, 2, 2, 16, 2)"#, on: split(series), prefix: "module._orig_mod."),
            Case(transformer, #"Transformer("classes", 1, 3, 2, 16, 2)"#, on: split(SequentialImages(sequences))),
            Case(transformer, #"Transformer("words", \#(words), \#(words), 2, 16, 2)"#, on: split(text)),
            // Plain stacks of layers, none of whose matrices is square.
            Case(
                "stack:flatten+linear:in=64,out=20+tanh+linear:in=20,out=30,bias=false+leaky-relu:slope=0.2+linear:in=30,out=3",
                "nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.Tanh(), nn.Linear(20, 30, bias=False), nn.LeakyReLU(0.2), "
                    + "nn.Linear(30, 3))", on: images(1)),
            Case(
                "stack:conv2d:in=3,out=6,kernel=3,padding=1,bias=false+batch-norm:channels=6+relu+max-pool:kernel=2"
                    + "+conv2d:in=6,out=5,kernel=2,stride=2+gelu+flatten+layer-norm:features=20+linear:in=20,out=24+sigmoid"
                    + "+dropout:rate=0+linear:in=24,out=3,name=head",
                "nn.Sequential(OrderedDict((name, layer) for name, layer in zip([*'0123456789', '10', 'head'], ["
                    + "nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), "
                    + "nn.Conv2d(6, 5, 2, 2), nn.GELU(), nn.Flatten(), nn.LayerNorm(20), nn.Linear(20, 24), nn.Sigmoid(), "
                    + "nn.Dropout(0), nn.Linear(24, 3)])))", on: images(3), prefix: "module."),
            Case(
                transformer, #"tied(Transformer("words", \#(words), \#(words), 2, 16, 2))"#, on: split(text),
                prefix: "module."),
        ]
    }

    /// Makes the models, or loads what became of them; run with a folder and, for each model, its name, the Python that makes
    /// it, and its prefix.
    private static let script = #"""
        import json, pathlib, sys, torch
        from collections import OrderedDict
        from safetensors.torch import load_file, load_model, save_model, save_file
        from torch import nn
        sys.path.insert(0, sys.argv[1])
        from models import *

        def tied(model):
            model.head.weight = model.embedding.weight
            return model

        class Compiled(nn.Module):
            """The names of what torch.compile makes, without loading the compiler, which takes seconds."""
            def __init__(self, model):
                super().__init__()
                self._orig_mod = model

        def wrapped(model, prefix):
            for wrapper in reversed(prefix.split(".")[:-1]):
                model = nn.DataParallel(model) if wrapper == "module" else Compiled(model)
            return model

        def loss_and_gradient(model, batch):
            model = model.double().train()
            outputs, targets = model(batch["inputs"]), batch["targets"]
            if targets.dtype == torch.int64:
                loss = nn.functional.cross_entropy(outputs.flatten(0, -2), targets.flatten())
            else:
                loss = nn.functional.mse_loss(outputs, targets)
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            return loss.item(), sum(gradient.square().sum().item() for gradient in gradients)

        torch.manual_seed(3)
        torch.set_num_threads(1)
        results = []
        for name, text, prefix in json.loads(sys.argv[3]):
            folder = pathlib.Path(sys.argv[2], name)
            batch = load_file(folder / "batch.safetensors")
            model = eval(text)
            inner = model
            if not (folder / "moved.safetensors").exists():
                with torch.no_grad():
                    for key, tensor in model.state_dict().items():
                        if key.endswith("running_var"):
                            tensor.uniform_(0.5, 2)
                        elif tensor.dim() == 1 and tensor.is_floating_point():
                            tensor.add_(0.3 * torch.randn_like(tensor))
                        elif not tensor.is_floating_point():
                            tensor.fill_(17)
                save_model(wrapped(model, prefix), folder / "model.safetensors", {"format": "pt", "by": "a test"})
                outputs = {}
                model.double()
                state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
                for mode in ["train", "eval"]:
                    with torch.no_grad():
                        outputs[mode] = getattr(model, mode)()(batch["inputs"])
                    model.load_state_dict(state)
                save_file(outputs, folder / "outputs.safetensors")
            else:
                model = wrapped(model, prefix)
                load_model(model, folder / "moved.safetensors", strict=True)
                old, new = (load_file(folder / file) for file in ["model.safetensors", "moved.safetensors"])
                assert {key: (t.shape, t.dtype) for key, t in old.items()} == {key: (t.shape, t.dtype) for key, t in new.items()}
                for key in old:
                    if key.endswith("num_batches_tracked"):
                        assert new[key].item() == 17
                if text.startswith("tied"):
                    assert inner.head.weight is inner.embedding.weight
            results.append(loss_and_gradient(inner, batch))
        print(json.dumps(results))
        """#

    private static func runPython(_ cases: [Case], in folder: URL) throws -> [(
        loss: Double, gradientNormSquared: Double
    )] {
        let models = URL(fileURLWithPath: #filePath).appending(path: "../../../Examples/PyTorch").standardized
        let list = cases.enumerated().map { [$1.name($0), $1.python, $1.prefix] }
        let output = try Python.withTorch!.run(
            script, models.path, folder.path, String(decoding: try JSONEncoder().encode(list), as: UTF8.self))
        let numbers = try JSONDecoder().decode([[Double]].self, from: Data(output.utf8))
        return numbers.map { ($0[0], $0[1]) }
    }

    private static func isClose(_ value: Double, _ other: Double, _ tolerance: Double) -> Bool {
        abs(value - other) <= tolerance * abs(other)
    }

    @Test func everyModelGoesThereAndBack() throws {
        try withTemporaryFolder { folder in
            let cases = Self.cases()
            var experiments: [(Safetensors) -> ApplyExperiment] = []
            for (index, one) in cases.enumerated() {
                let own = folder.appending(path: one.name(index))
                try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
                let training = TrainingConfiguration(
                    architecture: try Architecture(text: one.model), learningRate: 0.01, dtype: .float64)
                var plan = TeleportPlan(
                    NullSpaceTeleporter(Climb(steps: 4, stepSize: .growth(0.5), cap: .none)), controlSamples: 0)
                plan.schedule.batchSize = 6
                plan.schedule.batchCount = 1
                // The batch that is going to be drawn.
                let samples = one.data.train.to(dtype: .float64)
                let batch = Array(
                    plan.schedule.batches(of: samples, shuffledBy: Training.generator(.teleports, 4)))[0]
                try Safetensors(tensors: ["inputs": batch.inputs, "targets": batch.targets])
                    .write(to: own.appending(path: "batch.safetensors"))
                experiments.append { file in
                    ApplyExperiment(of: file, from: "model", training, plan: plan, seed: 4, on: one.data)
                }
            }
            let before = try Self.runPython(cases, in: folder)
            var records: [AppliedTeleport] = []
            for (index, one) in cases.enumerated() {
                let own = folder.appending(path: one.name(index))
                let file = try Safetensors(contentsOf: own.appending(path: "model.safetensors"))
                #expect(file.tensors.keys.allSatisfy { $0.hasPrefix(one.prefix) })

                // The forward pass, in both modes.
                let model = try Architecture(text: one.model).makeModel(
                    inputShape: one.data.inputShape, task: one.data.task, tiesHead: one.python.hasPrefix("tied"),
                    using: Generator(seed: 9), dtype: .float64)
                try StateDictionary(file).load(into: model)
                let inputs = try Safetensors(contentsOf: own.appending(path: "batch.safetensors")).tensors["inputs"]!
                let outputs = try Safetensors(contentsOf: own.appending(path: "outputs.safetensors")).tensors
                for (name, mode) in [("train", Mode.teleportation), ("eval", .evaluation)] {
                    let expected = try #require(outputs[name])
                    let here = withMode(mode) { model(inputs) }
                    let distance = (here - expected).norm().item() / expected.norm().item()
                    #expect(here.shape == expected.shape && distance < 1e-10, "\(one.python), \(name): \(distance)")
                }

                let (record, moved) = try experiments[index](file).run()
                try moved.write(to: own.appending(path: "moved.safetensors"))
                #expect(record.movedCount == 1, "\(one.python): \(record.teleports)")
                #expect(moved.metadata == ["format": "pt", "by": "a test"])
                records.append(record)
            }
            let after = try Self.runPython(cases, in: folder)
            for (index, record) in records.enumerated() {
                let (text, change) = (cases[index].python, record.teleportBatches)
                // Python's loss and gradient are those that are reported, and the weights were rounded to single precision.
                #expect(Self.isClose(change.lossBefore, before[index].loss, 1e-10), "\(text)")
                #expect(Self.isClose(change.lossAfter, after[index].loss, 1e-10), "\(text)")
                #expect(
                    Self.isClose(change.gradientNormSquaredBefore, before[index].gradientNormSquared, 1e-8), "\(text)")
                #expect(
                    Self.isClose(change.gradientNormSquaredAfter, after[index].gradientNormSquared, 1e-8), "\(text)")
                #expect(Self.isClose(after[index].loss, before[index].loss, 1e-5), "\(text)")
                #expect(after[index].gradientNormSquared > 1.5 * before[index].gradientNormSquared, "\(text)")
            }
        }
    }
}
