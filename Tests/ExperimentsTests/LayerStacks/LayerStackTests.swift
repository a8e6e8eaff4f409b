import Datasets
import NeuralNetworks
import Testing
import TextForms
import Torch

@testable import Experiments

@Suite struct LayerStackTests {
    private static let text =
        "stack:conv2d:in=2,out=4,kernel=3,padding=1+batch-norm:channels=4+leaky-relu:slope=0.1+max-pool:kernel=2+flatten"
        + "+layer-norm:features=36+linear:in=36,out=8,bias=false,name=body.0+dropout:rate=0.25+linear:in=8,out=3,name=head"

    private static let classes = LearningTask.classification(classes: 3)

    @Test("A stack is what its text says, and no two texts say the same")
    func texts() throws {
        for text in [
            Self.text, "stack:linear:in=3,out=2", "stack:conv2d:in=1,out=1,kernel=2,stride=3,bias=false",
            "stack:batch-norm:channels=2,epsilon=0.001,momentum=0.5", "stack:max-pool:kernel=3,stride=1",
            "stack:relu+leaky-relu+tanh+sigmoid+gelu+flatten+dropout",
        ] {
            #expect(try Architecture(text: text).text == text)
            #expect(try Architecture(text: text) == Architecture(text: text))
        }
        #expect(try Architecture(text: "stack:linear:bias=true,out=2,in=3").text == "stack:linear:in=3,out=2")
        #expect(try Architecture(text: "stack:relu") != Architecture(text: "stack:tanh"))
    }

    @Test("The model has PyTorch's names and shapes, and computes the layers one after the other")
    func model() throws {
        let architecture = try Architecture(text: Self.text)
        try architecture.check(inputShape: [2, 6, 6], task: Self.classes)
        let model = architecture.makeModel(
            inputShape: [2, 6, 6], task: Self.classes, using: Generator(seed: 1), dtype: .float64)
        let shapes = (model.parameters + model.buffers).map { "\($0.name) \($0.value.shape)" }
        #expect(
            shapes == [
                "0.weight [4, 2, 3, 3]", "0.bias [4]", "1.weight [4]", "1.bias [4]", "5.weight [36]", "5.bias [36]",
                "body.0.weight [8, 36]", "head.weight [3, 8]", "head.bias [3]", "1.running_mean [4]",
                "1.running_var [4]",
            ])
        let x = Tensor.normal([5, 2, 6, 6], using: Generator(seed: 2), dtype: .float64)
        let layers = try #require((model as? Sequential)?.layers)
        let output = withMode(.evaluation) { model(x) }
        #expect(output.shape == [5, 3])
        let expected = withMode(.evaluation) {
            let images = MaxPooling(kernel: 2)(LeakyReLU(slope: 0.1)(layers[1](layers[0](x))))
            return layers[8](layers[6](layers[5](images.flattened(from: 1))))
        }
        #expect((output - expected).norm().item() == 0)
        #expect(model.generators.count == 1 && model.couplesSamples)
        // What it takes of memory is counted by the same sizes.
        let size = architecture.size(inputShape: [2, 6, 6], task: Self.classes)
        let weights = model.parameters.filter { $0.value.rank > 1 }.map(\.value.count).reduce(0, +)
        #expect(size.weights == Double(weights))
        let outputs: [Double] = [144, 144, 144, 36, 36, 36, 8, 8, 3]
        #expect(size.outputsOfSample == outputs.reduce(0, +))
    }

    private static let ownMistakes: [(text: String, sentence: String)] = [
        ("", "layer 0, '', is none of linear, conv2d"),
        ("dense:in=3,out=2", "layer 0, 'dense', is none of linear, conv2d"),
        ("linear:in=3", "layer 0 (linear): says nothing of out; give a number for it"),
        ("relu+conv2d:in=3,out=2", "layer 1 (conv2d): says nothing of kernel"),
        ("batch-norm", "layer 0 (batch-norm): says nothing of channels"),
        ("linear:in=0,out=2", "of layer 0, linear, for in give an integer from 1 to 1000000"),
        ("linear:in=3,out=2,bias=no", "for bias give true or false"),
        ("linear:in=3,out=2,size=4", "for size give in, out or bias"),
        ("relu:slope=1", "relu takes no settings"), ("dropout:rate=1", "for rate give a number from 0 to below 1"),
        ("leaky-relu:slope=x", "for slope give relu, leaky-relu(SLOPE)"),
        ("linear:in=1000000,out=1000000", "layer 0 (linear): has 1.00e+12 weights; give sizes for 1000000000 at most"),
        ("relu:name=a b", "the name 'a b' is none of PyTorch's"),
        ("relu:name=1+tanh", "layer 1 (tanh): the name '1' is that of layer 0"),
        ("relu:name=a+tanh:name=a", "layer 1 (tanh): the name 'a' is that of layer 0; give it another one"),
    ]

    /// Each mistake, and what is said of it.
    @Test(arguments: ownMistakes)
    func mistakesOfItsOwn(text: String, sentence: String) {
        let error = #expect(throws: TextError.self) { try Architecture(text: "stack:" + text) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    private static let misfits: [(text: String, input: [Int], sentence: String)] = [
        ("linear:in=5,out=3", [4], "layer 0 (linear): takes [..., 5], and a sample of the data is [4]; give 4 for in"),
        (
            "linear:in=72,out=3", [2, 6, 6],
            "layer 0 (linear): takes [..., 72], and a sample of the data is [2, 6, 6]; put flatten before it"
        ),
        (
            "flatten+linear:in=72,out=9+tanh+linear:in=8,out=3", [2, 6, 6],
            "layer 3 (linear): takes [..., 8], and layer 2 (tanh) gives [9]; give 9 for in"
        ),
        (
            "conv2d:in=3,out=4,kernel=3", [2, 6, 6],
            "layer 0 (conv2d): takes [3, H, W], H and W at least 3, and a sample of the data is [2, 6, 6]; give 2 for in"
        ),
        (
            "conv2d:in=2,out=4,kernel=9,padding=1", [2, 6, 6],
            "H and W at least 7, and a sample of the data is [2, 6, 6]; give a smaller kernel or more padding"
        ),
        (
            "flatten+conv2d:in=2,out=4,kernel=3", [2, 6, 6],
            "and layer 0 (flatten) gives [72]; put it where there are images"
        ),
        (
            "max-pool:kernel=4+max-pool:kernel=2", [2, 6, 6],
            "layer 1 (max-pool): takes [C, H, W], H and W at least 2, and layer 0 (max-pool) gives [2, 1, 1]; give a smaller kernel"
        ),
        (
            "batch-norm:channels=3", [2, 6, 6],
            "layer 0 (batch-norm): takes [3, ...], and a sample of the data is [2, 6, 6]; give 2 for channels"
        ),
        (
            "flatten+layer-norm:features=5", [2, 6, 6],
            "layer 1 (layer-norm): takes [..., 5], and layer 0 (flatten) gives [72]; give 72 for features"
        ),
        (
            "flatten+linear:in=72,out=4", [2, 6, 6],
            "layer 1 (linear): is the last and gives [4], and the data ask for [3]; let it give 3"
        ),
        (
            "conv2d:in=2,out=3,kernel=3", [2, 6, 6],
            "is the last and gives [3, 4, 4], and the data ask for [3]; end with flatten and a linear layer of out 3"
        ),
    ]

    @Test(arguments: misfits)
    func layersThatDoNotFit(text: String, input: [Int], sentence: String) throws {
        let architecture = try Architecture(text: "stack:" + text)
        let error = #expect(throws: ArchitectureError.self) {
            try architecture.check(inputShape: input, task: Self.classes)
        }
        #expect(error?.description.hasPrefix("model: layer ") == true)
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test("The shapes that are checked are those that the layers give")
    func shapes() throws {
        for (kernel, stride, padding) in [(1, 1, 0), (3, 1, 1), (3, 2, 0), (4, 3, 2), (2, 5, 1)] {
            let convolution =
                "conv2d:in=2,out=3,kernel=\(kernel),stride=\(stride),padding=\(padding)+max-pool:kernel=2,stride=1+flatten"
            let size = { (extent: Int) in (extent + 2 * padding - kernel) / stride + 1 - 1 }
            let features = 3 * size(9) * size(7)
            let architecture = try Architecture(text: "stack:\(convolution)+linear:in=\(features),out=3")
            try architecture.check(inputShape: [2, 9, 7], task: Self.classes)
            let model = architecture.makeModel(inputShape: [2, 9, 7], task: Self.classes, using: Generator(seed: 0))
            #expect(model(.zeros([2, 2, 9, 7])).shape == [2, 3])
        }
    }

    @Test("Texts have no numbers to put in")
    func unsuitable() throws {
        let error = #expect(throws: ArchitectureError.self) {
            try Architecture(text: "stack:flatten").check(inputShape: [3], task: .languageModelling(vocabulary: 7))
        }
        #expect(error?.description.contains("not made for texts; use transformer") == true)
    }
}
