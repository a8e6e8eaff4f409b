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
    /// Sequential MNIST: the images of MNIST as sequences of 784 pixels.
    case sequentialMNIST = "smnist"
    /// The hourly electricity consumption of 321 clients.
    case electricity
    /// The hourly occupancy of the lanes at 862 places of the freeways in the San Francisco Bay Area.
    case traffic
    /// The daily exchange rates of 8 currencies.
    case exchangeRate = "exchange-rate"
    /// The hourly load and oil temperature of an electricity transformer: 7 variables.
    case ettH1 = "etth1"
    /// Those of another electricity transformer.
    case ettH2 = "etth2"
    /// Those of `ettH1` each quarter of an hour. The windows have as many rows, and so are a quarter as long in time.
    case ettM1 = "ettm1"
    /// Those of `ettH2` each quarter of an hour, with windows as in `ettM1`.
    case ettM2 = "ettm2"
    /// The words of Penn Treebank, for language modelling.
    case pennTreebank = "penn-treebank"
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
