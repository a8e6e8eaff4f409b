import Datasets
import NeuralNetworks
import Teleportation
import Testing
import TextForms
import Torch

@testable import Experiments

/// Options as people write them.
@Suite struct ConfigurationTests {
    /// Checks that the text stands for the value, and the value for the text.
    private func expect<Value: TextConvertible & Equatable>(
        _ text: String, is value: Value, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try Value(text: text) == value, sourceLocation: sourceLocation)
        #expect(value.text == text, sourceLocation: sourceLocation)
    }

    /// Checks that no text is accepted, and that the error names the text and says what to give, in one line.
    private func expectRefused<Value: TextConvertible>(
        _ type: Value.Type, _ texts: [String], remedy: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for text in texts {
            let error = #expect(throws: TextError.self, "\(text)", sourceLocation: sourceLocation) {
                try Value(text: text)
            }
            #expect(error?.description.hasPrefix("'\(text)': give ") == true, sourceLocation: sourceLocation)
            #expect(error?.remedy.contains(remedy) == true, sourceLocation: sourceLocation)
            #expect(error?.remedy.contains("\n") == false, sourceLocation: sourceLocation)
        }
    }

    @Test func stepSizes() throws {
        try expect("fixed:0.2", is: StepSize.fixed(0.2))
        try expect("growth:0.5", is: StepSize.growth(0.5))
        try expect("fixed:3", is: StepSize.fixed(3))
        try expect("growth:1e-05", is: StepSize.growth(1e-5))
        #expect(try StepSize(text: "fixed:2e-4") == .fixed(0.0002))
        expectRefused(
            StepSize.self,
            [
                "", "0.2", "fixed", "fixed:", "fixed:x", "fixed:0", "fixed:-1", "fixed:nan", "growth:inf",
                "growth:0.5:1", "Fixed:1", " fixed:1", "fixed: 1", "shrink:0.5",
            ], remedy: "fixed:ETA or growth:RATE")
    }

    @Test func caps() throws {
        try expect("fixed:5", is: Cap.fixed(5))
        try expect("relative:10", is: Cap.relative(10))
        try expect("predicted:0.1", is: Cap.predicted(0.1))
        try expect("none", is: Cap.none)
        expectRefused(
            Cap.self,
            ["", "5", "none:1", "none:", "fixed", "fixed:0", "relative:-1", "predicted:x", "predicted:nan", "None"],
            remedy: "fixed:CAP, relative:FACTOR or predicted:SHARE")
    }

    @Test func moments() throws {
        typealias Moments = TeleportSchedule.Moments
        try expect("0-4", is: Moments.epochs([0, 1, 2, 3, 4]))
        try expect("0,2,4", is: Moments.epochs([0, 2, 4]))
        try expect("0-2,5", is: Moments.epochs([0, 1, 2, 5]))
        try expect("3", is: Moments.epochs([3]))
        try expect("none", is: Moments.epochs([]))
        try expect("auto", is: Moments.auto)
        try expect("every:200", is: Moments.every(200))
        try expect("steps:0,400", is: Moments.steps([0, 400]))
        #expect(try Moments(text: "0..<5") == .epochs(Set(0..<5)))
        #expect(try Moments(text: "4,0,2,4") == .epochs([0, 2, 4]))
        #expect(try Moments(text: "1,2,3").text == "1-3")
        #expect(try Moments(text: "7,") == .epochs([7]))
        expectRefused(
            Moments.self,
            [
                "", ",", "x", "-1", "0,-1", "0,,2", ",2", "0,2,,", "0..<0", "5..<2", "..<5", "0..<", "0...5", "-2..<3",
                "0..<9999999999", "0-99999999", "None", "0, 2", "4-2", "0-", "every:0", "every:", "every:x", "every",
                "steps:", "steps", "step:3", "none:", "auto:", "auto:5", "0..<-9223372036854775808",
            ], remedy: "every:200")
    }

    @Test func seeds() throws {
        try expect("3", is: Seeds([0, 1, 2]))
        try expect("4,7", is: Seeds([4, 7]))
        try expect("7,4", is: Seeds([7, 4]))
        try expect("7,", is: Seeds([7]))
        try expect("1", is: Seeds([0]))
        #expect(try Seeds(text: "0,1").text == "2")
        expectRefused(
            Seeds.self,
            ["", ",", "0", "-1", "1001", "x", "1.5", "4,4", "4,,7", ",7", "4,-7", "4,x", "1000000000,", "4, 7"],
            remedy: "a count such as 3")
    }

    @Test func activations() throws {
        try expect("relu", is: Activation.relu)
        try expect("leaky-relu(0.1)", is: Activation.leakyReLU(slope: 0.1))
        try expect("tanh", is: Activation.tanh)
        try expect("sigmoid", is: Activation.sigmoid)
        try expect("gelu", is: Activation.gelu)
        #expect(try Activation(text: "leaky-relu") == .leakyReLU(slope: 0.01))
        expectRefused(
            Activation.self,
            ["", "ReLU", "leaky-relu()", "leaky-relu(x)", "leaky-relu(inf)", "leaky-relu(0.1", "relu(1)", "softmax"],
            remedy: "leaky-relu(SLOPE)")
    }

    @Test func architectures() throws {
        try expect("mlp:1024,1024", is: Architecture.mlp(hidden: [1024, 1024], activation: .relu))
        try expect("mlp:16", is: Architecture.mlp(hidden: [16], activation: .relu))
        try expect(
            "mlp:16,10:leaky-relu(0.1)",
            is: Architecture.mlp(hidden: [16, 10], activation: .leakyReLU(slope: 0.1)))
        try expect("cnn:16,32,64", is: Architecture.cnn(channels: [16, 32, 64], activation: .relu))
        try expect("cnn:8", is: Architecture.cnn(channels: [8], activation: .relu))
        try expect("cnn:16,32:tanh", is: Architecture.cnn(channels: [16, 32], activation: .tanh))
        #expect(try Architecture(text: "cnn").text == "cnn:16,32,64")
        try expect("resnet:8,8,16", is: Architecture.resnet(channels: [8, 8, 16]))
        #expect(try Architecture(text: "resnet").text == "resnet:64,64,64,128,128,128,256,256")
        try expect("transformer", is: Architecture.transformer(TransformerSize()))
        try expect(
            "transformer:heads=4,head-size=16,layers=2",
            is: Architecture.transformer(TransformerSize(heads: 4, headSize: 16, layers: 2)))
        #expect(try Architecture(text: "transformer:layers=2,heads=3").text == "transformer:heads=3,layers=2")
        expectRefused(
            Architecture.self,
            [
                "", "mlp", "mlp:", "mlp:0", "mlp:-4", "mlp:16,", "mlp:16,,10", "mlp:x", "mlp:1e3", "mlp:10000000",
                "cnn:", "cnn:0", "cnn:16,", "cnn:tanh", "cnn::tanh", "CNN", "rnn:16", "resnet:", "resnet:8:tanh",
                "resnet:x",
                "transformer:", "transformer:4", "transformer:heads", "transformer:heads=0", "transformer:heads=4,",
                "transformer:heads=4,heads=4", "transformer:size=4", "transformer:layers=2:tanh",
                "transformer:heads=10000,head-size=10000",
            ], remedy: "mlp:SIZES[:ACTIVATION], cnn[:CHANNELS[:ACTIVATION]], resnet[:CHANNELS], transformer[:")
        // The part that is wrong is named.
        let error = #expect(throws: TextError.self) { try Architecture(text: "mlp:16:softmax") }
        #expect(error?.description == "'softmax': give relu, leaky-relu(SLOPE), tanh, sigmoid or gelu")
    }

    @Test func imagesThatAreTooSmall() throws {
        let model = try Architecture(text: "cnn:4,4,4")
        #expect(throws: Never.self) { try model.check(inputShape: [3, 8, 8], task: .classification(classes: 10)) }
        #expect(throws: Never.self) { try model.check(inputShape: [1, 15, 9], task: .classification(classes: 10)) }
        for shape in [[1, 7, 8], [1, 8, 7], [3, 4, 100]] {
            let error = #expect(throws: ArchitectureError.self) {
                try model.check(inputShape: shape, task: .classification(classes: 10))
            }
            let message = try #require(error?.description)
            for part in ["cnn:4,4,4", "\(shape[1]) x \(shape[2])", "no more than 2"] {
                #expect(message.contains(part), "\(message)")
            }
        }
        let error = #expect(throws: ArchitectureError.self) {
            try model.check(inputShape: [3, 1, 1], task: .classification(classes: 10))
        }
        #expect(error?.description.contains("use larger images") == true)
        #expect(throws: Never.self) {
            try Architecture(text: "mlp:4").check(inputShape: [3, 1, 1], task: .classification(classes: 10))
        }
        // A residual network rounds up, and normalizes by the variance of what is left.
        let residual = try Architecture(text: "resnet:4,4,8,8,4")
        let task = LearningTask.classification(classes: 10)
        #expect(throws: Never.self) { try residual.check(inputShape: [3, 9, 9], task: task) }
        #expect(throws: ArchitectureError.self) { try residual.check(inputShape: [3, 8, 9], task: task) }
        // What is accepted can be made.
        let network = model.makeModel(
            inputShape: [1, 15, 9], task: .classification(classes: 2), using: Generator(seed: 0))
        #expect(network(.zeros([1, 1, 15, 9])).shape == [1, 2])
    }

    @Test("A model and data of another kind are refused with what goes with the data")
    func unsuitableModels() throws {
        let classes = LearningTask.classification(classes: 10)
        let cases: [(model: String, shape: [Int], task: LearningTask, samples: String, remedy: String)] = [
            ("transformer", [1, 28, 28], classes, "images", "mlp:SIZES, cnn or resnet"),
            ("cnn", [784, 1], classes, "series", "mlp:SIZES or transformer"),
            ("resnet", [168, 7], .regression(outputs: 7), "series", "mlp:SIZES or transformer"),
            ("mlp:8", [256], .languageModelling(vocabulary: 100), "texts", "use transformer"),
            ("cnn", [256], .languageModelling(vocabulary: 100), "texts", "use transformer"),
        ]
        for (model, shape, task, samples, remedy) in cases {
            let error = #expect(throws: ArchitectureError.self) {
                try Architecture(text: model).check(inputShape: shape, task: task)
            }
            let message = try #require(error?.description)
            #expect(message.contains(samples) && message.contains(remedy), "\(message)")
        }
    }

    @Test(
        "Transformers and residual networks are made for what they are asked",
        arguments: [
            ("transformer:heads=2,head-size=4,layers=1", [6, 3], LearningTask.classification(classes: 5), [2, 5]),
            ("transformer:heads=2,head-size=4,layers=1", [6, 3], .regression(outputs: 3), [2, 3]),
            ("resnet:4,4,4,8", [3, 9, 9], .classification(classes: 5), [2, 5]),
            ("mlp:4", [6, 3], .regression(outputs: 3), [2, 3]),
        ])
    func outputs(model: String, inputShape: [Int], task: LearningTask, outputShape: [Int]) throws {
        let architecture = try Architecture(text: model)
        try architecture.check(inputShape: inputShape, task: task)
        let generator = Generator(seed: 0)
        let model = architecture.makeModel(inputShape: inputShape, task: task, using: generator)
        #expect(model(.normal([2] + inputShape, using: generator)).shape == outputShape)
    }

    @Test("A language model predicts at each position, and is as large as the paper's unless told otherwise")
    func languageModel() throws {
        let task = LearningTask.languageModelling(vocabulary: 11)
        let small = try Architecture(text: "transformer:heads=1,head-size=4,layers=1").makeModel(
            inputShape: [6], task: task, using: Generator(seed: 0))
        #expect(small(.integers([2, 6], in: 0..<11, using: Generator(seed: 1))).shape == [2, 6, 11])
        let full = try Architecture(text: "transformer").makeModel(
            inputShape: [6], task: task, using: Generator(seed: 0))
        #expect(full.parameters.first?.value.shape == [11, 256])
        #expect(full.parameters.contains { $0.name.hasPrefix("layers.3.") })
        #expect(!full.parameters.contains { $0.name.hasPrefix("layers.4.") })
    }

    @Test func devices() throws {
        try expect("cpu", is: Device.cpu)
        try expect("cuda:0", is: Device.cuda(index: 0))
        try expect("cuda:3", is: Device.cuda(index: 3))
        #expect(try Device(text: "cuda", environment: [:]) == .cuda(index: 0))
        #expect(try Device(text: "cuda", environment: ["LOCAL_RANK": "3"]) == .cuda(index: 3))
        #expect(try Device(text: "cuda:1", environment: ["LOCAL_RANK": "3"]) == .cuda(index: 1))
        expectRefused(
            Device.self, ["", "gpu", "cpu:0", "cpu:", "cuda:", "cuda:-1", "cuda:x", "cuda:128", "CPU"],
            remedy: "cpu, cuda or cuda:INDEX")
    }

    @Test func precisions() throws {
        try expect("float32", is: DType.float32)
        try expect("float64", is: DType.float64)
        expectRefused(DType.self, ["", "float", "int64", "uint8", "bool", "float16"], remedy: "float32 or float64")
    }

    @Test func makesTheModelThatIsDescribed() throws {
        let model = try Architecture(text: "mlp:7,5:tanh").makeModel(
            inputShape: [1, 3, 2], task: .classification(classes: 4), using: Generator(seed: 0), dtype: .float64)
        #expect(model.parameters.map(\.value.shape) == [[7, 6], [7], [5, 7], [5], [4, 5], [4]])
        #expect(model.parameters.allSatisfy { $0.value.dtype == .float64 })
        #expect(model(.zeros([2, 1, 3, 2], dtype: .float64)).shape == [2, 4])

        let network = try Architecture(text: "cnn:5,6:tanh").makeModel(
            inputShape: [3, 9, 8], task: .classification(classes: 4), using: Generator(seed: 0), dtype: .float64)
        let shapes = network.parameters.map(\.value.shape)
        #expect(shapes == [[5, 3, 3, 3], [5], [6, 5, 3, 3], [6], [4, 24], [4]])
        #expect(network.parameters.allSatisfy { $0.value.dtype == .float64 })
        #expect(network(.zeros([2, 3, 9, 8], dtype: .float64)).shape == [2, 4])
    }
}
