import Datasets
import NeuralNetworks
import TextForms
import Torch

/// The shape of a model, apart from the inputs and outputs that the data set decides.
package enum Architecture: Hashable, Sendable, TextConvertible {
    /// A multi-layer perceptron with the given hidden sizes.
    case mlp(hidden: [Int], activation: Activation)
    /// A convolutional network with the given output channels; each convolution is followed by a halving of the image.
    case cnn(channels: [Int], activation: Activation)
    /// A residual network with the given output channels; the first convolution and each change of the channels halve the
    /// image.
    case resnet(channels: [Int])
    /// A transformer: of sequences to classes, of sequences to numbers, or of texts, as the task asks.
    case transformer(TransformerSize)
    /// Layers one after the other, inputs and outputs included.
    case stack(LayerStack)

    /// The most units or channels of a layer.
    static let largestSize = 1_000_000

    /// NS25's networks for small and for larger images (appendix A.3).
    private static let channels = (cnn: [16, 32, 64], resnet: [64, 64, 64, 128, 128, 128, 256, 256])

    /// `mlp:1024,1024`, `mlp:16,10:leaky-relu(0.1)`, `cnn:16,32,64`, `resnet:64,64,128,128` or
    /// `transformer:heads=4,head-size=64,layers=4`; all but the first may stand alone for NS25's choice. `stack:` comes before the
    /// text of a `LayerStack`.
    package init(text: String) throws(TextError) {
        if text.hasPrefix(Self.stackPrefix) {
            do throws(TextError) {
                self = .stack(try LayerStack(text: String(text.dropFirst(Self.stackPrefix.count))))
            } catch {
                throw TextError(text, error.remedy)
            }
            return
        }
        let remedy =
            "give mlp:SIZES[:ACTIVATION], cnn[:CHANNELS[:ACTIVATION]], resnet[:CHANNELS], "
            + "transformer[:heads=H,head-size=S,layers=L] or stack:LAYERS, as mlp:1024,1024, mlp:16,10:leaky-relu(0.1), "
            + "cnn:16,32,64 or transformer:layers=2"
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("cnn", 1): self = .cnn(channels: Self.channels.cnn, activation: .relu)
        case ("resnet", 1): self = .resnet(channels: Self.channels.resnet)
        case ("transformer", 1): self = .transformer(TransformerSize())
        case ("transformer", 2):
            guard let size = TransformerSize(list: parts[1]) else { throw TextError(text, remedy) }
            self = .transformer(size)
        case ("mlp", 2...), ("cnn", 2...), ("resnet", 2):
            // What has too many digits for an integer is too large, and not no number.
            let sizes = parts[1].split(separator: ",", omittingEmptySubsequences: false).map { size in
                Int(size) ?? (size.allSatisfy(\.isWholeNumber) && !size.isEmpty ? .max : 0)
            }
            guard sizes.allSatisfy({ $0 > 0 }) else { throw TextError(text, remedy) }
            guard sizes.allSatisfy({ $0 <= Self.largestSize }) else {
                throw TextError(text, "\(remedy); sizes are at most \(Self.largestSize)")
            }
            // What does not fit into memory ends the process inside libtorch; a thousand million weights are refused here.
            let weightsOfPair = parts[0] == "mlp" ? 1 : 9
            guard zip(sizes, sizes.dropFirst()).allSatisfy({ $0 * $1 * weightsOfPair <= 1_000_000_000 }) else {
                throw TextError(
                    text, remedy + "; two neighbouring sizes may multiply to \(1_000_000_000 / weightsOfPair) at most")
            }
            let activation = parts.count > 2 ? try Activation(text: String(parts[2])) : .relu
            self =
                switch parts[0] {
                case "mlp": .mlp(hidden: sizes, activation: activation)
                case "cnn": .cnn(channels: sizes, activation: activation)
                default: .resnet(channels: sizes)
                }
        default: throw TextError(text, remedy)
        }
    }

    /// The text that `init(text:)` reads, with the activation if it is not ReLU.
    package var text: String {
        func text(_ kind: String, _ sizes: [Int], _ activation: Activation = .relu) -> String {
            "\(kind):" + sizes.map(String.init).joined(separator: ",")
                + (activation == .relu ? "" : ":\(activation.text)")
        }
        return switch self {
        case .mlp(let hidden, let activation): text("mlp", hidden, activation)
        case .cnn(let channels, let activation): text("cnn", channels, activation)
        case .resnet(let channels): text("resnet", channels)
        case .transformer(let size): size.list.isEmpty ? "transformer" : "transformer:\(size.list)"
        case .stack(let stack): Self.stackPrefix + stack.text
        }
    }

    /// What a stack of layers begins with.
    private static let stackPrefix = "stack:"

    /// A model of each kind.
    package static var offers: [String] { ["mlp:1024,1024", "cnn", "resnet", "transformer"] }

    /// Checks that a model of this shape can be made for samples and what is asked about them.
    ///
    /// - Parameters:
    ///   - inputShape: The shape of the input of one sample.
    ///   - task: What is asked.
    /// - Throws: `ArchitectureError` if the samples are of another kind, or too small.
    package func check(inputShape: [Int], task: LearningTask) throws(ArchitectureError) {
        let isText = if case .languageModelling = task { true } else { false }
        let isSuitable =
            switch self {
            case .mlp, .stack: !isText
            case .cnn, .resnet: inputShape.count == 3
            case .transformer: isText || inputShape.count == 2
            }
        guard isSuitable else { throw .unsuitable(model: self, inputShape: inputShape, task: task) }
        if case .stack(let stack) = self {
            do throws(LayerStackError) { try stack.check(inputShape: inputShape, task: task) } catch {
                throw .stack(error)
            }
        }
        let size = min(inputShape.count > 1 ? inputShape[1] : 0, inputShape.last ?? 0)
        let (needed, possible) =
            switch self {
            // 1 pixel cannot be halved, 2 and 3 once, 4 to 7 twice.
            case .cnn(let channels, _): (channels.count, Self.binaryLogarithm(size))
            // Rounding up, 2 pixels must be left: a channel of one value has no variance to normalize it by.
            case .resnet(let channels):
                (1 + zip(channels, channels.dropFirst()).count { $0 != $1 }, Self.binaryLogarithm(size - 1))
            case .mlp, .transformer, .stack: (0, 0)
            }
        guard needed <= possible else {
            throw .imagesTooSmall(
                model: self, height: inputShape[1], width: inputShape[2], halvings: needed, possible: possible)
        }
    }

    /// The largest k with `2^k <= number`, or 0.
    private static func binaryLogarithm(_ number: Int) -> Int {
        max(Int.bitWidth - 1 - max(number, 0).leadingZeroBitCount, 0)
    }

    /// A model of this shape with random weights.
    ///
    /// - Parameters:
    ///   - inputShape: The shape of the input of one sample, which `check(inputShape:task:)` accepts.
    ///   - task: What is asked about a sample; decides the outputs.
    ///   - tiesHead: Whether a language model's head has the weight of its embedding.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type of the weights.
    ///   - device: Where the weights are.
    package func makeModel(
        inputShape: [Int], task: LearningTask, tiesHead: Bool = false, using generator: Generator,
        dtype: DType = .float32, device: Device = .cpu
    ) -> any Layer {
        switch self {
        case .stack(let stack): return stack.makeModel(using: generator, dtype: dtype, device: device)
        case .mlp(let hidden, let activation):
            return MLP(
                inputs: inputShape.reduce(1, *), hidden: hidden, outputs: task.outputs, activation: activation,
                using: generator, dtype: dtype, device: device)
        case .cnn(let channels, let activation):
            return ConvolutionalNetwork(
                imageShape: inputShape, channels: channels, outputs: task.outputs, activation: activation,
                using: generator, dtype: dtype, device: device)
        case .resnet(let channels):
            return ResidualNetwork(
                imageShape: inputShape, channels: channels, outputs: task.outputs, using: generator, dtype: dtype,
                device: device)
        case .transformer(let size):
            let (heads, headSize, layers) = size.resolved(for: task)
            return switch task {
            case .classification(let classes):
                Transformer.classifier(
                    features: inputShape[1], classes: classes, length: inputShape[0], heads: heads,
                    headDimension: headSize, layers: layers, using: generator, dtype: dtype, device: device)
            case .regression(let outputs):
                Transformer.regression(
                    features: inputShape[1], outputs: outputs, length: inputShape[0], heads: heads,
                    headDimension: headSize, layers: layers, using: generator, dtype: dtype, device: device)
            case .languageModelling(let vocabulary):
                Transformer.languageModel(
                    vocabulary: vocabulary, length: inputShape[0], heads: heads, headDimension: headSize,
                    layers: layers, tiesHead: tiesHead, using: generator, dtype: dtype, device: device)
            }
        }
    }
}

/// A model and data that do not go together.
package enum ArchitectureError: Error, Hashable, CustomStringConvertible {
    /// Images that cannot be halved as often as a convolutional network does.
    case imagesTooSmall(model: Architecture, height: Int, width: Int, halvings: Int, possible: Int)
    /// Samples of a kind, or a task, that the model is not made for.
    case unsuitable(model: Architecture, inputShape: [Int], task: LearningTask)
    /// Layers of a stack that do not fit to each other, or to the data.
    case stack(LayerStackError)

    /// Which model does not go with which data, and what to do.
    package var description: String {
        switch self {
        case .stack(let error): return "model: \(error)"
        case .imagesTooSmall(let model, let height, let width, let halvings, let possible):
            let remedy =
                possible == 0
                ? "use larger images, or a model mlp:SIZES"
                : "give channels for no more than \(possible), or use larger images"
            return
                "model \(model.text): halves the images \(halvings.counted("time")), and those of \(height) x \(width) are too "
                + "small for that; \(remedy)"
        case .unsuitable(let model, let inputShape, let task):
            let samples =
                switch (task, inputShape.count) {
                case (.languageModelling, _): "texts"
                case (_, 3): "images"
                case (_, 2): "series"
                default: "samples of shape \(inputShape)"
                }
            let remedy =
                switch samples {
                case "images": "mlp:SIZES, cnn or resnet"
                case "texts": "transformer"
                default: "mlp:SIZES or transformer"
                }
            return "model \(model.text): not made for \(samples); use \(remedy)"
        }
    }
}

extension Activation: TextConvertible {
    /// `relu`, `leaky-relu(0.1)`, `tanh`, `sigmoid` or `gelu`.
    package init(text: String) throws(TextError) {
        switch text {
        case "relu": self = .relu
        case "leaky-relu": self = .leakyReLU(slope: 0.01)
        case "tanh": self = .tanh
        case "sigmoid": self = .sigmoid
        case "gelu": self = .gelu
        default:
            guard text.hasPrefix("leaky-relu("), text.hasSuffix(")"),
                let slope = Double(text.dropFirst("leaky-relu(".count).dropLast())
            else { throw TextError(text, "give relu, leaky-relu(SLOPE), tanh, sigmoid or gelu") }
            guard NumberRange.contains(slope) else {
                throw TextError(text, "give leaky-relu(SLOPE) with 0 or a slope \(NumberRange.description)")
            }
            self = .leakyReLU(slope: slope)
        }
    }

    /// All of them.
    package static var offers: [String] { ["relu", "leaky-relu", "tanh", "sigmoid", "gelu"] }

    /// `relu`, `leaky-relu(0.1)`, `tanh`, `sigmoid` or `gelu`.
    package var text: String {
        switch self {
        case .relu: "relu"
        case .leakyReLU(let slope): "leaky-relu(\(slope.shortText))"
        case .tanh: "tanh"
        case .sigmoid: "sigmoid"
        case .gelu: "gelu"
        }
    }
}
