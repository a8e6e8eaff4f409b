import NeuralNetworks
import TextForms
import Torch

extension StackLayers {
    /// `torch.nn.Linear`.
    struct Linear: StackLayer {
        var inputs = 0
        var outputs = 0
        var hasBias = true

        var name: String { "linear" }
        static let settings: [Setting<Linear>] = [
            .size("in", \.inputs), .size("out", \.outputs), .flag("bias", \.hasBias),
        ]
        static let required = ["in", "out"]
        var weightCount: Double { Double(inputs) * Double(outputs) }

        func outputShape(of input: [Int]) throws(StackLayerMisfit) -> [Int] {
            guard input.last == inputs else {
                throw StackLayerMisfit(
                    expected: "[..., \(inputs)]",
                    remedy: input.count > 1 && input.reduce(1, *) == inputs
                        ? "put flatten before it" : "give \(input.last ?? 1) for in")
            }
            return input.dropLast() + [outputs]
        }

        func make(using generator: Generator, dtype: DType, device: Device) -> any Layer {
            Dense(inputs, outputs, bias: hasBias, using: generator, dtype: dtype, device: device)
        }
    }

    /// `torch.nn.Conv2d` with square kernels.
    struct Conv2d: StackLayer {
        var inputs = 0
        var outputs = 0
        var kernel = 0
        var geometry = ConvolutionGeometry()
        var hasBias = true

        var name: String { "conv2d" }
        static let settings: [Setting<Conv2d>] = [
            .size("in", \.inputs), .size("out", \.outputs), .extent("kernel", \.kernel),
            .extent("stride", \.geometry.stride),
            .extent("padding", \.geometry.padding, from: 0), .flag("bias", \.hasBias),
        ]
        static let required = ["in", "out", "kernel"]
        var weightCount: Double { Double(inputs) * Double(outputs) * Double(kernel * kernel) }

        func outputShape(of input: [Int]) throws(StackLayerMisfit) -> [Int] {
            let least = kernel - 2 * geometry.padding
            guard input.count == 3, input[0] == inputs, input[1] >= least, input[2] >= least else {
                throw StackLayerMisfit(
                    expected: "[\(inputs), H, W]" + (least > 1 ? ", H and W at least \(least)" : ""),
                    remedy: input.count != 3
                        ? "put it where there are images"
                        : input[0] != inputs ? "give \(input[0]) for in" : "give a smaller kernel or more padding")
            }
            return [outputs] + input.dropFirst().map { ($0 + 2 * geometry.padding - kernel) / geometry.stride + 1 }
        }

        func make(using generator: Generator, dtype: DType, device: Device) -> any Layer {
            Convolution(
                inputs, outputs, kernel: kernel, geometry: geometry, bias: hasBias, using: generator, dtype: dtype,
                device: device)
        }
    }

    /// `torch.nn.BatchNorm1d` and `BatchNorm2d`.
    struct BatchNorm: StackLayer {
        var channels = 0
        var epsilon = 1e-5
        var momentum = 0.1

        var name: String { "batch-norm" }
        static let settings: [Setting<BatchNorm>] = [
            .size("channels", \.channels),
            Setting("epsilon", \.epsilon, positiveUpTo: 1, "What is added to a variance"),
            Setting("momentum", \.momentum, positiveUpTo: 1, "The share of its way that a running statistic goes"),
        ]
        static let required = ["channels"]

        func outputShape(of input: [Int]) throws(StackLayerMisfit) -> [Int] {
            guard input.first == channels else {
                throw StackLayerMisfit(expected: "[\(channels), ...]", remedy: "give \(input.first ?? 1) for channels")
            }
            return input
        }

        func make(using generator: Generator, dtype: DType, device: Device) -> any Layer {
            BatchNormalization(channels, epsilon: epsilon, momentum: momentum, dtype: dtype, device: device)
        }
    }

    /// `torch.nn.LayerNorm` of the last dimension.
    struct LayerNorm: StackLayer {
        var features = 0
        var epsilon = 1e-5

        var name: String { "layer-norm" }
        static let settings: [Setting<LayerNorm>] = [
            .size("features", \.features),
            Setting("epsilon", \.epsilon, positiveUpTo: 1, "What is added to a variance"),
        ]
        static let required = ["features"]

        func outputShape(of input: [Int]) throws(StackLayerMisfit) -> [Int] {
            guard input.last == features else {
                throw StackLayerMisfit(expected: "[..., \(features)]", remedy: "give \(input.last ?? 1) for features")
            }
            return input
        }

        func make(using generator: Generator, dtype: DType, device: Device) -> any Layer {
            LayerNormalization(features, epsilon: epsilon, dtype: dtype, device: device)
        }
    }

    /// `torch.nn.ReLU`, `LeakyReLU`, `Tanh`, `Sigmoid` and `GELU`.
    struct Nonlinearity: StackLayer {
        var activation: Activation

        init(_ activation: Activation) { self.activation = activation }

        var name: String { if case .leakyReLU = activation { "leaky-relu" } else { activation.text } }
        static let settings: [Setting<Nonlinearity>] = [
            Setting(
                "slope", "The derivative at negative inputs", heeds: { $0.name == "leaky-relu" },
                read: { if case .leakyReLU(let slope) = $0.activation { slope.shortText } else { "" } },
                write: { (layer, text) throws(TextError) in
                    layer.activation = try Activation(text: "leaky-relu(\(text))")
                })
        ]

        func outputShape(of input: [Int]) -> [Int] { input }

        func make(using generator: Generator, dtype: DType, device: Device) -> any Layer { activation.layer }
    }

    /// `torch.nn.MaxPool2d` with square windows.
    struct MaxPool: StackLayer {
        var kernel = 0
        /// The step between windows; 0 for windows that touch.
        var stride = 0

        var name: String { "max-pool" }
        static let settings: [Setting<MaxPool>] = [.extent("kernel", \.kernel), .extent("stride", \.stride)]
        static let required = ["kernel"]

        func outputShape(of input: [Int]) throws(StackLayerMisfit) -> [Int] {
            guard input.count == 3, input[1] >= kernel, input[2] >= kernel else {
                throw StackLayerMisfit(
                    expected: "[C, H, W], H and W at least \(kernel)",
                    remedy: input.count == 3 ? "give a smaller kernel" : "put it where there are images")
            }
            return [input[0]] + input.dropFirst().map { ($0 - kernel) / (stride > 0 ? stride : kernel) + 1 }
        }

        func make(using generator: Generator, dtype: DType, device: Device) -> any Layer {
            MaxPooling(kernel: kernel, stride: stride > 0 ? stride : nil)
        }
    }

    /// `torch.nn.Flatten`.
    struct FlatteningLayer: StackLayer {
        var name: String { "flatten" }
        static let settings: [Setting<FlatteningLayer>] = []

        func outputShape(of input: [Int]) -> [Int] { [input.reduce(1, *)] }

        func make(using generator: Generator, dtype: DType, device: Device) -> any Layer { Flatten() }
    }

    /// `torch.nn.Dropout`.
    struct DropoutLayer: StackLayer {
        var rate = 0.5

        var name: String { "dropout" }
        static let settings: [Setting<DropoutLayer>] = [
            Setting("rate", "The probability that an element becomes zero") {
                $0.rate.shortText
            } write: { (layer, text) throws(TextError) in
                guard let rate = Double(text), (0..<1).contains(rate) else {
                    throw TextError(text, "give a number from 0 to below 1")
                }
                layer.rate = rate
            }
        ]

        func outputShape(of input: [Int]) -> [Int] { input }

        func make(using generator: Generator, dtype: DType, device: Device) -> any Layer {
            Dropout(rate, using: generator)
        }
    }
}

extension Setting {
    /// A number of features or channels.
    fileprivate static func size(_ name: String, _ path: WritableKeyPath<Owner, Int> & Sendable) -> Setting {
        integer(name, path, in: 1...Architecture.largestSize)
    }

    /// A number of pixels.
    fileprivate static func extent(
        _ name: String, _ path: WritableKeyPath<Owner, Int> & Sendable, from least: Int = 1
    ) -> Setting {
        integer(name, path, in: least...1000)
    }

    private static func integer(
        _ name: String, _ path: WritableKeyPath<Owner, Int> & Sendable, in range: ClosedRange<Int>
    ) -> Setting {
        Setting(name, "from \(range.lowerBound) to \(range.upperBound)") {
            String($0[keyPath: path])
        } write: { (owner, text) throws(TextError) in
            owner[keyPath: path] = try NumberRange.integer(text, in: range)
        }
    }

    /// Something that is there or not.
    fileprivate static func flag(_ name: String, _ path: WritableKeyPath<Owner, Bool> & Sendable) -> Setting {
        Setting(name, "true or false", choices: ["true", "false"]) {
            String($0[keyPath: path])
        } write: { (owner, text) throws(TextError) in
            guard let value = Bool(text) else { throw TextError(text, "give true or false") }
            owner[keyPath: path] = value
        }
    }
}
