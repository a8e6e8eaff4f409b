import Experiments
import Foundation
import NeuralNetworks
import Testing
import Torch

@testable import teleport

/// `--model stack.yaml`.
@Suite struct LayerStackFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let perceptron = """
        # Three matrices, none of them square.
        - flatten
        - linear: {in: 784, out: 32}
        - tanh
        - linear: {in: 32, out: 24, bias: false}
          name: body
        - leaky-relu:
            slope: 0.1
        - linear:
            in: 24
            out: 10

        """

    @Test("A file says what the text form says")
    func files() throws {
        try folder.write(Self.perceptron, to: "stack.yaml")
        let stack = try LayerStackFile(path: folder.url.appending(path: "stack.yaml").path).stack
        #expect(
            stack.text
                == "flatten+linear:in=784,out=32+tanh+linear:in=32,out=24,bias=false,name=body+leaky-relu:slope=0.1"
                + "+linear:in=24,out=10")
        // The one among the examples.
        let example = URL(fileURLWithPath: #filePath).appending(path: "../../../Examples/PyTorch/stack.yaml")
            .standardized
        let layers = try LayerStackFile(path: example.path).stack
        try layers.check(inputShape: [1, 28, 28], task: .classification(classes: 10))
        #expect(layers.elements.map(\.layer.name) == ["conv2d", "batch-norm", "relu", "max-pool", "flatten", "linear"])
    }

    @Test("A model from a file is teleported, and goes on in training from what was recorded of it")
    func commands() throws {
        try folder.write(Self.perceptron, to: "stack.yaml")
        let model = Sequential(named: [
            "0": Flatten(), "1": Dense(784, 32, using: Generator(seed: 0)), "2": Tanh(),
            "body": Dense(32, 24, bias: false, using: Generator(seed: 1)), "4": LeakyReLU(slope: 0.1),
            "5": Dense(24, 10, using: Generator(seed: 2)),
        ])
        try StateDictionary(of: model).file.write(to: folder.url.appending(path: "in.safetensors"))
        let options = ["--training-samples", "400", "--threads", "1", "--model", "stack.yaml"]
        let applied = try Tool.run(
            ["apply", "--weights", "in.safetensors", "--output", "out.safetensors", "--json"] + options, in: folder.url)
        #expect(applied.status == 0, "\(applied.errors)")
        let moved = try Safetensors(contentsOf: folder.url.appending(path: "out.safetensors"))
        #expect(Set(moved.tensors.keys) == Set((model.parameters).map(\.name)))
        try StateDictionary(moved).load(into: model)
        #expect(applied.output.contains(#""model" : "stack:flatten+linear:in=784,out=32+tanh+"#), "\(applied.output)")

        let trained = try Tool.run(["train", "--epochs", "1", "--output", "run", "--quiet"] + options, in: folder.url)
        #expect(trained.status == 0, "\(trained.errors)")
        try FileManager.default.removeItem(at: folder.url.appending(path: "stack.yaml"))
        let resumed = try Tool.run(["train", "--resume", "run", "--epochs", "2", "--quiet"], in: folder.url)
        #expect(resumed.status == 0, "\(resumed.errors)")
    }

    private static let mistaken: [(text: String, sentence: String)] = [
        (
            "- flatten\n- dense: {in: 784, out: 10}\n",
            "line 2, layer 1: unknown layer 'dense'. Did you mean 'linear'?"
        ),
        ("- Conv2d: {in: 1}\n", "line 1, layer 0: unknown layer 'Conv2d'. Did you mean 'conv2d'?"),
        ("- BatchNorm2d: {channels: 1}\n", "Did you mean 'batch-norm'?"),
        ("- maxpool2d\n", "Did you mean 'max-pool'?"),
        ("- lstm\n", "unknown layer 'lstm'. Give linear, conv2d, batch-norm,"),
        (
            "- flatten\n\n- linear: {inputs: 784, out: 10}\n",
            "line 3, layer 1: unknown setting 'inputs' of linear. Did you mean 'in'?"
        ),
        ("- linear: {in: 784, units: 10}\n", "unknown setting 'units' of linear. Give in, out or bias."),
        ("- relu: {slope: 1}\n", "unknown setting 'slope' of relu. It takes none."),
        (
            "- linear: {in: many, out: 10}\n",
            "line 1, layer 0: in of linear is 'many'; give an integer from 1 to 1000000"
        ),
        ("- linear: {in: [1], out: 10}\n", "in of linear is ''; give an integer"),
        ("- linear: {in: 784, out: 10, bias: yes}\n", "bias of linear is 'yes'; give true or false"),
        ("- linear: 784\n", "linear takes settings by their names, in, out or bias; write 'linear: {in: VALUE}'"),
        ("- relu: 1\n", "relu takes no settings; write '- relu'"),
        ("- linear: {in: 784}\n", "layer 0 (linear): says nothing of out; give a number for it"),
        ("- linear\n", "layer 0 (linear): says nothing of in"),
        ("- name: head\n", "line 1, layer 0: has a name and no layer"),
        ("- relu:\n  name:\n", "'name' has no value"),
        ("- {relu: , tanh: }\n", "'tanh' comes after 'relu'; give each layer an item of its own"),
        ("- [relu]\n", "line 1, layer 0: give the name of a layer"),
        ("- relu:\n  name: a\n- tanh:\n  name: a\n", "layer 1 (tanh): the name 'a' is that of layer 0"),
        ("linear: {in: 784, out: 10}\n", "give a list with one layer a line"),
        ("", "give a list with one layer a line"),
        ("[]\n", "a stack has at least one layer"), ("- a: {\n", "is not YAML"),
        ("- &a relu\n- *a\n", "line 2: '*a' stands for what is elsewhere in the file; write it out"),
    ]

    @Test(
        "Each mistake is one sentence with the line, the layer and what to give instead",
        arguments: mistaken)
    func mistakes(text: String, sentence: String) throws {
        try folder.write(text, to: "stack.yaml")
        let error = #expect(throws: Remedy.self) {
            try LayerStackFile(path: folder.url.appending(path: "stack.yaml").path)
        }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test("Files that are none, and layers that do not go with the data, end with the status of bad usage")
    func refusals() throws {
        try folder.write("- flatten\n- linear: {in: 700, out: 10}\n", to: "stack.yaml")
        try folder.write("- linear\n", to: "none.yaml")
        for (file, sentence) in [
            ("missing.yaml", "there is no such file; name an existing YAML file"),
            ("none.yaml", "'none.yaml' is invalid for '--model <model>': layer 0 (linear): says nothing of in"),
            ("stack.yaml", "layer 1 (linear): takes [..., 700], and layer 0 (flatten) gives [784]; give 784 for in"),
        ] {
            let result = try Tool.run(["compare", "--model", file, "--output", "out"], in: folder.url)
            #expect(result.status == 2 && result.errorLines.count == 1 && result.output.isEmpty, "\(result.errors)")
            #expect(result.errors.contains(sentence), "\(result.errors)")
        }
        #expect(!folder.has("out"))
    }
}
