/// The data sets that can be asked for by name.
public enum DatasetName: String, CaseIterable, Sendable {
    /// Handwritten-like digits that are generated and need no files; see `SyntheticDigits`.
    case digits
    /// The handwritten digits of MNIST.
    case mnist
    /// The articles of clothing of Fashion-MNIST.
    case fashionMNIST = "fashion-mnist"
    /// The small colour photographs of CIFAR-10.
    case cifar10 = "cifar-10"
    /// Those of CIFAR-100, with its 100 fine classes.
    case cifar100 = "cifar-100"
    /// The photographs of Tiny ImageNet, 64 x 64 pixels of 200 classes.
    case tinyImageNet = "tiny-imagenet"

    /// The data set of a name that a user wrote.
    ///
    /// - Throws: `DatasetError.unknownName`, listing the names there are.
    public init(named name: String) throws(DatasetError) {
        guard let value = DatasetName(rawValue: name) else {
            throw .unknownName(name, known: Self.allCases.map(\.rawValue))
        }
        self = value
    }
}
