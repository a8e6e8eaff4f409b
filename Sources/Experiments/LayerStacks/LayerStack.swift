import Datasets
import NeuralNetworks
import Reporting
import TextForms
import Torch

/// Layers one after the other, described as `torch.nn.Sequential` has them: the tensors of the third one are called `2.weight` and
/// so on, unless it has a name.
package struct LayerStack: Sendable {
    /// A layer, with its name if it has one of its own.
    package struct Element: Sendable {
        /// What stands before the names of its tensors; nil for its number.
        package var name: String?
        /// What it is.
        package var layer: any StackLayer

        /// A layer of a stack.
        package init(_ layer: any StackLayer, name: String? = nil) {
            self.layer = layer
            self.name = name
        }
    }

    /// The layers, first to last.
    package let elements: [Element]

    /// The most weights of a layer: what does not fit into memory ends the process inside libtorch.
    private static let mostWeights = 1e9

    /// A stack of layers.
    ///
    /// - Throws: `LayerStackError` if there are none, one lacks what must be said of it, or two have one name.
    package init(_ elements: [Element]) throws(LayerStackError) {
        guard !elements.isEmpty else { throw LayerStackError("a stack has at least one layer; name one, as linear") }
        var names: [String: Int] = [:]
        for (index, element) in elements.enumerated() {
            let layer = element.layer
            func error(_ sentence: String) -> LayerStackError {
                LayerStackError("\(Self.title(index, layer)): \(sentence)")
            }
            if let standard = StackLayers.named(layer.name), let missing = layer.missing(besides: standard).first {
                throw error("says nothing of \(missing); give a number for it")
            }
            guard layer.weightCount <= Self.mostWeights else {
                throw error("has \(layer.weightCount.significant(3)) weights; give sizes for 1000000000 at most")
            }
            let name = element.name ?? String(index)
            guard name.wholeMatch(of: /[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*/) != nil else {
                throw error(
                    "the name '\(name)' is none of PyTorch's; give letters, digits and _, with dots between, as body.head"
                )
            }
            if let other = names.updateValue(index, forKey: name) {
                throw error("the name '\(name)' is that of layer \(other); give it another one")
            }
        }
        self.elements = elements
    }

    /// What people call a layer.
    private static func title(_ index: Int, _ layer: any StackLayer) -> String { "layer \(index) (\(layer.name))" }

    /// The shape of each layer's output for one sample.
    ///
    /// - Throws: `LayerStackError` where the sizes of a layer do not fit to those of the one before it.
    private func outputShapes(of input: [Int]) throws(LayerStackError) -> [[Int]] {
        var shapes: [[Int]] = []
        for (index, element) in elements.enumerated() {
            let shape = shapes.last ?? input
            do throws(StackLayerMisfit) { shapes.append(try element.layer.outputShape(of: shape)) } catch {
                let source =
                    index == 0 ? "a sample of the data is" : "\(Self.title(index - 1, elements[index - 1].layer)) gives"
                throw LayerStackError(
                    "\(Self.title(index, element.layer)): takes \(error.expected), and \(source) \(shape); \(error.remedy)"
                )
            }
        }
        return shapes
    }

    /// Checks that the layers fit to each other, to samples and to what is asked about them.
    ///
    /// - Parameters:
    ///   - inputShape: The shape of the input of one sample.
    ///   - task: What is asked.
    /// - Throws: `LayerStackError` if they do not.
    package func check(inputShape: [Int], task: LearningTask) throws(LayerStackError) {
        let last = elements.count - 1
        let output = try outputShapes(of: inputShape)[last]
        guard output == [task.outputs] else {
            let title = Self.title(last, elements[last].layer)
            throw LayerStackError(
                "\(title): is the last and gives \(output), and the data ask for [\(task.outputs)]; "
                    + (output.count == 1
                        ? "let it give \(task.outputs)" : "end with flatten and a linear layer of out \(task.outputs)"))
        }
    }

    /// The model, with random weights as PyTorch draws them.
    func makeModel(using generator: Generator, dtype: DType, device: Device) -> Sequential {
        Sequential(
            named: elements.enumerated().map { index, element in
                (element.name ?? String(index), element.layer.make(using: generator, dtype: dtype, device: device))
            })
    }

    /// How many numbers the model has at the very least; see `Architecture.size(inputShape:task:)`.
    func size(inputShape: [Int]) -> (weights: Double, outputsOfSample: Double) {
        let shapes = (try? outputShapes(of: inputShape)) ?? []
        return (
            elements.map(\.layer.weightCount).reduce(0, +),
            shapes.map { $0.map(Double.init).reduce(1, *) }.reduce(0, +)
        )
    }
}

extension LayerStack: TextConvertible {
    /// `flatten+linear:in=784,out=128+tanh+linear:in=128,out=10,name=head`.
    package init(text: String) throws(TextError) {
        let remedy = "give layers such as flatten+linear:in=784,out=128+tanh+linear:in=128,out=10,name=head"
        var elements: [Element] = []
        for part in text.split(separator: "+", omittingEmptySubsequences: false) {
            let named = NamedText(String(part))
            guard var layer = StackLayers.named(named.name) else {
                throw TextError(
                    text,
                    "\(remedy); layer \(elements.count), '\(named.name)', is none of \(StackLayers.all.map(\.name).alternatives)"
                )
            }
            var name: String?
            for setting in named.argument.map({ SettingList.parts(of: $0) }) ?? [] {
                let value = setting.value ?? ""
                if setting.name == "name" {
                    name = value
                    continue
                }
                do throws(TextError) { try layer.set(setting.name, to: value) } catch {
                    throw TextError(
                        text, "of layer \(elements.count), \(named.name), for \(setting.name) \(error.remedy)")
                }
            }
            elements.append(Element(layer, name: name))
        }
        do throws(LayerStackError) { try self.init(elements) } catch { throw TextError(text, "\(error)") }
    }

    /// The text that `init(text:)` reads.
    package var text: String {
        elements.map { element in
            let settings = StackLayers.named(element.layer.name).map { element.layer.settingList(besides: $0) } ?? ""
            let said = [settings, element.name.map { "name=\($0)" } ?? ""].filter { !$0.isEmpty }
            return element.layer.name + (said.isEmpty ? "" : ":\(said.joined(separator: ","))")
        }.joined(separator: "+")
    }
}

extension LayerStack: Hashable {
    /// Whether both say the same.
    package static func == (first: LayerStack, second: LayerStack) -> Bool { first.text == second.text }

    /// Hashes what is said.
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// Layers that do not go together, or with the data.
package struct LayerStackError: Error, Hashable, CustomStringConvertible {
    /// Which layer, what is wrong with it, and what to do.
    package let description: String

    init(_ description: String) { self.description = description }
}
