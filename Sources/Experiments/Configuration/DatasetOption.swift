import Datasets
import TextForms

extension DatasetName: TextConvertible {
    /// The data set of a name.
    package init(text: String) throws(TextError) {
        guard let name = DatasetName(rawValue: text) else { throw TextError(text, "give one of \(Self.list)") }
        self = name
    }

    /// The name, as `fashion-mnist`.
    package var text: String { rawValue }

    /// All names, set apart by commas.
    package static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
