import Datasets
import Foundation
import TextForms
import Torch

/// What a training takes of memory at the very least: weights and gradients, and of each sample of a batch the outputs of layers
/// and their cotangents.
struct MemoryNeed {
    /// The bytes of weights and gradients.
    let model: Double
    /// The bytes of a batch on its way through the model.
    let batch: Double

    /// What a configuration takes on so many training samples.
    init(_ configuration: TrainingConfiguration, inputShape: [Int], task: LearningTask, samples: Int) {
        let size = configuration.architecture.size(inputShape: inputShape, task: task)
        let bytes = 2 * Double(configuration.dtype.byteCount)
        model = bytes * size.weights
        batch = bytes * size.outputsOfSample * Double(min(configuration.batchSize, samples))
    }

    /// The bytes of memory that this process can still take; nil where the system does not tell.
    static func memoryLeft() -> Double? {
        let information = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)
        return [information.flatMap(available), ControlGroup().memoryLeft].compactMap(\.self).min()
    }

    /// The available memory in the text of `/proc/meminfo`, swap included.
    static func available(in information: String) -> Double? {
        func bytes(_ name: String) -> Double? {
            let line = information.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }.map {
                $0 * 1024
            }
        }
        return bytes("MemAvailable").map { $0 + (bytes("SwapFree") ?? 0) }
    }
}

/// A training that does not fit into memory.
package struct MemoryError: Error, Hashable, CustomStringConvertible {
    /// What was asked for, what there is, and what asks for less.
    package let description: String

    /// Why a configuration does not fit; nil if it may.
    init?(_ configuration: TrainingConfiguration, needing need: MemoryNeed, of left: Double) {
        guard need.model + need.batch > left else { return nil }
        let numbers =
            "\(Self.text(need.model + need.batch)) of memory at least, and \(Self.text(max(left, 0))) are left"
        let model = "--model \(configuration.architecture.text)"
        description =
            need.model > left
            ? "\(model): takes \(numbers); give a smaller --model"
            : "\(model) with --batch-size \(configuration.batchSize): takes \(numbers); give a smaller --model or --batch-size"
    }

    private static func text(_ bytes: Double) -> String {
        let units = ["MB", "GB", "TB", "PB", "EB"]
        var (number, unit) = (bytes / 1e6, 0)
        while number >= 999.5, unit < units.count - 1 { (number, unit) = (number / 1000, unit + 1) }
        return "\(number.significant(3)) \(units[unit])"
    }
}

extension Architecture {
    /// How many numbers a model of this shape has at the very least.
    ///
    /// - Returns: The weights, and the outputs of all layers for one sample.
    func size(inputShape: [Int], task: LearningTask) -> (weights: Double, outputsOfSample: Double) {
        let inputs = inputShape.map(Double.init)
        switch self {
        case .stack(let stack): return stack.size(inputShape: inputShape)
        case .mlp(let hidden, _):
            let sizes = [inputs.reduce(1, *)] + hidden.map(Double.init) + [Double(task.outputs)]
            return (zip(sizes, sizes.dropFirst()).map { $0 * $1 }.reduce(0, +), sizes.dropFirst().reduce(0, +))
        case .cnn(let channels, _):
            return Self.size(of: channels, on: inputShape, outputs: task.outputs) { image, _ in
                // Pooling comes after the convolution.
                let pixels = image.height * image.width
                image = (image.height / 2, image.width / 2)
                return pixels
            }
        case .resnet(let channels):
            return Self.size(of: channels, on: inputShape, outputs: task.outputs) { image, isChange in
                if isChange { image = ((image.height + 1) / 2, (image.width + 1) / 2) }
                return image.height * image.width
            }
        case .transformer(let size):
            let (heads, headSize, layers) = size.resolved(for: task)
            let dimension = Double(heads * headSize)
            // Queries, keys, values, the way out, and two layers of a perceptron.
            return (12 * dimension * dimension * Double(layers), 6 * dimension * inputs[0] * Double(layers))
        }
    }

    /// Convolutions of 3 x 3, and a head.
    ///
    /// - Parameter halve: Takes an image to what follows a convolution, which changes the channels or not, and gives the pixels of
    ///   the convolution's output.
    private static func size(
        of channels: [Int], on shape: [Int], outputs: Int,
        halve: (inout (height: Int, width: Int), _ isChange: Bool) -> Int
    ) -> (weights: Double, outputsOfSample: Double) {
        var (weights, outputsOfSample) = (0.0, 0.0)
        var image = (height: shape[1], width: shape[2])
        var before: Int?
        for count in channels {
            weights += 9 * Double((before ?? shape[0]) * count)
            outputsOfSample += Double(halve(&image, count != before) * count)
            before = count
        }
        weights += Double((before ?? shape[0]) * image.height * image.width * outputs)
        return (weights, outputsOfSample)
    }
}
