import Experiments
import TextForms
import Yams

/// A stack of layers from a YAML file: a list with the name of a layer, or its name and what is said of it, on each line.
///
/// ```yaml
/// - flatten
/// - linear: {in: 784, out: 128}
/// - tanh
/// - linear: {in: 128, out: 10, bias: false}
///   name: head
/// ```
struct LayerStackFile {
    /// The layers.
    let stack: LayerStack

    /// Whether a text is the path of such a file, and not that of a model.
    static func isNamed(by text: String) -> Bool { [".yaml", ".yml"].contains { text.lowercased().hasSuffix($0) } }

    /// Reads a file.
    ///
    /// - Throws: `Remedy` with the line and the layer if the file is no list of layers, or these are no stack.
    init(path: String) throws(Remedy) {
        let text: ConfigurationText
        do throws(ConfigurationText.Failure) {
            text = try ConfigurationText(path: path, name: "", fileName: "", contents: "one layer a line")
        } catch { throw Remedy(description: "\(error)") }
        let node: Node?
        do { node = try Yams.compose(yaml: text.text) } catch { throw Remedy(description: "is not YAML: \(error)") }
        guard let layers = node?.sequence else {
            throw Remedy(description: "give a list with one layer a line, as '- linear: {in: 784, out: 128}'")
        }
        var elements: [LayerStack.Element] = []
        for (index, node) in layers.enumerated() { elements.append(try Self.element(node, index: index)) }
        do throws(LayerStackError) { stack = try LayerStack(elements) } catch { throw Remedy(description: "\(error)") }
    }

    /// The layer of an item of the list.
    private static func element(_ node: Node, index: Int) throws(Remedy) -> LayerStack.Element {
        let place = (node.mark.map { "line \($0.line), " } ?? "") + "layer \(index)"
        func remedy(_ sentence: String) -> Remedy { Remedy(description: "\(place): \(sentence)") }
        if let name = node.string { return LayerStack.Element(try Self.layer(name, remedy)) }
        guard let mapping = node.mapping else {
            throw remedy("give the name of a layer, or the name and what it takes, as 'linear: {in: 784, out: 128}'")
        }
        var name: String?
        var layer: (any StackLayer)?
        for (key, value) in mapping {
            guard let word = key.string else {
                throw remedy("a list or a mapping names no layer; give a name such as linear")
            }
            if word == "name" {
                guard let text = value.string, value.null == nil else {
                    throw remedy("'name' has no value; give one, or leave it out")
                }
                name = text
                continue
            }
            if let other = layer {
                throw remedy("'\(word)' comes after '\(other.name)'; give each layer an item of its own")
            }
            layer = try Self.layer(word, value, remedy)
        }
        guard let layer else { throw remedy("has a name and no layer; give one, as 'linear: {in: 784, out: 128}'") }
        return LayerStack.Element(layer, name: name)
    }

    /// A layer of which nothing is said.
    private static func layer(_ name: String, _ remedy: (String) -> Remedy) throws(Remedy) -> any StackLayer {
        if let layer = StackLayers.named(name) { return layer }
        let names = StackLayers.all.map(\.name)
        let suggestion = Suggestion(for: name, among: names).word.map { "Did you mean '\($0)'?" }
        throw remedy("unknown layer '\(name)'. \(suggestion ?? "Give \(names.alternatives).")")
    }

    /// A layer with what is said of it.
    private static func layer(
        _ name: String, _ settings: Node, _ remedy: (String) -> Remedy
    ) throws(Remedy) -> any StackLayer {
        var layer = try Self.layer(name, remedy)
        if settings.null != nil || settings.string?.isEmpty == true { return layer }
        let names = layer.forms.map(\.name)
        guard let mapping = settings.mapping else {
            throw remedy(
                names.isEmpty
                    ? "\(name) takes no settings; write '- \(name)'"
                    : "\(name) takes settings by their names, \(names.alternatives); write '\(name): {\(names[0]): VALUE}'"
            )
        }
        for (key, value) in mapping {
            let word = key.string ?? ""
            guard names.contains(word) else {
                let suggestion = Suggestion(for: word, among: names).word.map { "Did you mean '\($0)'?" }
                let all = names.isEmpty ? "It takes none." : "Give \(names.alternatives)."
                throw remedy("unknown setting '\(word)' of \(name). \(suggestion ?? all)")
            }
            let text = value.string ?? ""
            do throws(TextError) { try layer.set(word, to: text) } catch {
                throw remedy("\(word) of \(name) is '\(text)'; \(error.remedy)")
            }
        }
        return layer
    }
}
