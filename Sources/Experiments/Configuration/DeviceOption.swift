import Foundation
import TextForms
import Torch

extension Device: TextConvertible {
    /// `cpu`, `cuda` or `cuda:1`; `cuda` is the GPU that the variable `LOCAL_RANK` names, as a launcher of several processes sets it for
    /// each, else the first.
    package init(text: String) throws(TextError) {
        try self.init(text: text, environment: ProcessInfo.processInfo.environment)
    }

    /// The same, in an environment.
    init(text: String, environment: [String: String]) throws(TextError) {
        let named = NamedText(text)
        switch (named.name, named.argument.map { Int($0) }) {
        case ("cpu", nil): self = .cpu
        case ("cuda", nil):
            let local = environment["LOCAL_RANK"].flatMap { Int($0) } ?? 0
            self = .cuda(index: (0...127).contains(local) ? local : 0)
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
