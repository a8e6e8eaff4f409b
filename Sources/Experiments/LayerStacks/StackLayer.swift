import NeuralNetworks
import TextForms
import Torch

/// A layer of a `LayerStack`, described: its name, and what is said of it in a file.
package protocol StackLayer: Sendable {
    /// The name in files, as `linear`.
    var name: String { get }

    /// What can be said of it.
    static var settings: [Setting<Self>] { get }

    /// Which of them must be said, by their names.
    static var required: [String] { get }

    /// The layer itself, with random weights as PyTorch draws them.
    func make(using generator: Generator, dtype: DType, device: Device) -> any Layer

    /// The shape of an output for one sample.
    ///
    /// - Throws: `StackLayerMisfit` where the layer does not take inputs of such a shape.
    func outputShape(of input: [Int]) throws(StackLayerMisfit) -> [Int]

    /// How many weights it has, biases left out.
    var weightCount: Double { get }
}

/// An input that a layer does not take.
package struct StackLayerMisfit: Error, Hashable {
    /// The shape that it takes, for one sample.
    let expected: String
    /// What to give instead.
    let remedy: String
}

extension StackLayer {
    /// Nothing must be said.
    package static var required: [String] { [] }

    /// None.
    package var weightCount: Double { 0 }

    /// What can be said of this layer, by name and with what it takes.
    package var forms: [(name: String, help: String)] {
        Self.settings.filter { $0.isHeeded(by: self) }.map { ($0.name, $0.help) }
    }

    /// What must be said and is not yet, where `standard` is the layer of which nothing is said.
    package func missing(besides standard: some StackLayer) -> [String] {
        guard let standard = standard as? Self else { return [] }
        return Self.settings.filter {
            Self.required.contains($0.name) && $0.text(of: self) == $0.text(of: standard)
        }.map(\.name)
    }

    /// Says something of it.
    ///
    /// - Throws: `TextError` where the value is not one that it takes, or it takes none of this name.
    package mutating func set(_ name: String, to text: String) throws(TextError) {
        guard let setting = Self.settings.first(where: { $0.name == name && $0.isHeeded(by: self) }) else {
            let names = forms.map(\.name)
            throw TextError(
                name, names.isEmpty ? "\(self.name) takes no settings; leave it out" : "give \(names.alternatives)")
        }
        try setting.set(&self, to: text)
    }

    /// What is said of it, as `in=784,out=128`, besides what goes without saying.
    func settingList(besides standard: some StackLayer) -> String {
        guard let standard = standard as? Self else { return "" }
        return SettingList.text(Self.settings, of: self, besides: standard)
    }
}

/// The layers that a stack can have.
package enum StackLayers {
    /// One of each, of which nothing is said yet.
    package static let all: [any StackLayer] = [
        Linear(), Conv2d(), BatchNorm(), LayerNorm(), Nonlinearity(.relu), Nonlinearity(.leakyReLU(slope: 0.01)),
        Nonlinearity(.tanh), Nonlinearity(.sigmoid), Nonlinearity(.gelu), MaxPool(), FlatteningLayer(), DropoutLayer(),
    ]

    /// That of a name; nil if there is none.
    package static func named(_ name: some StringProtocol) -> (any StackLayer)? { all.first { $0.name == name } }
}
