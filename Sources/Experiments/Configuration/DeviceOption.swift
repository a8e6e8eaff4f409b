import TextForms
import Torch

extension Device: TextConvertible {
    /// `cpu`, `cuda` or `cuda:1`.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        switch (named.name, named.argument.map { Int($0) }) {
        case ("cpu", nil): self = .cpu
        case ("cuda", nil): self = .cuda(index: 0)
        // libtorch counts devices in 8 bits.
        case ("cuda", let index??) where (0...127).contains(index): self = .cuda(index: index)
        default: throw TextError(text, "give cpu, cuda or cuda:INDEX")
        }
    }

    /// Each kind.
    package static var offers: [String] { ["cpu", "cuda"] }

    /// `cpu` or `cuda:0`.
    package var text: String { description }
}
