/// A data set in two parts: samples to train on, and others to test with.
public struct Split<Samples> {
    /// The name of the data set, as `mnist`.
    public let name: String
    /// The samples to train on.
    public let train: Samples
    /// The samples that training does not see.
    public let test: Samples
    /// How much the files of the data set hold, of which the samples may be a part.
    public let sizes: [DataQuantity: Int]
    /// What was found in the files that is hardly meant to be there.
    public let warnings: [DatasetWarning]

    /// A data set of the given parts.
    public init(
        name: String, train: Samples, test: Samples, sizes: [DataQuantity: Int] = [:], warnings: [DatasetWarning] = []
    ) {
        self.name = name
        self.train = train
        self.test = test
        self.sizes = sizes
        self.warnings = warnings
    }

    /// The same data set with both parts transformed, for example cut to a prefix or moved to a device.
    public func map<Result>(_ transform: (Samples) -> Result) -> Split<Result> {
        replacing(train: transform(train), test: transform(test))
    }

    /// The same data set with other samples in its parts.
    public func replacing<Result>(train: Result, test: Result) -> Split<Result> {
        Split<Result>(name: name, train: train, test: test, sizes: sizes, warnings: warnings)
    }
}

extension Split where Samples: Dataset {
    /// The same data set, with its kind of samples left open.
    public var erased: Split<any Dataset> { map { $0 } }
}

extension Split<any Dataset> {
    /// The shape of the input of one sample.
    public var inputShape: [Int] { train.inputShape }

    /// What is asked of a model.
    public var task: LearningTask { train.task }
}
