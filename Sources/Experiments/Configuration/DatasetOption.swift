import Datasets
import TextForms

extension Split {
    /// How much the files of the data set hold, by the names of JSON.
    package var namedSizes: [String: Int] { Dictionary(uniqueKeysWithValues: sizes.map { ($0.rawValue, $1) }) }
}

extension DatasetName: ChoiceConvertible {
    /// Whether the samples are images, and not sequences or texts.
    package var isOfImages: Bool {
        switch self {
        case .digits, .mnist, .fashionMNIST, .cifar10, .cifar100, .tinyImageNet: true
        case .sequentialMNIST, .electricity, .traffic, .exchangeRate, .ettH1, .ettH2, .ettM1, .ettM2, .pennTreebank:
            false
        }
    }
}
