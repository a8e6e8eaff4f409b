import TextForms
import Torch

extension DType: TextConvertible {
    /// `float32` or `float64`, the types that models are trained in.
    package init(text: String) throws(TextError) {
        switch text {
        case "float32": self = .float32
        case "float64": self = .float64
        default: throw TextError(text, "give float32 or float64")
        }
    }

    /// Both.
    package static var offers: [String] { ["float32", "float64"] }

    /// `float32` or `float64`; other types have their names, too.
    package var text: String { "\(self)" }
}
