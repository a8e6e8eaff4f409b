import Datasets
import TextForms

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
