/// A data set in two parts: samples to train on, and others to test with.
public struct Split<Samples> {
    /// The name of the data set, as `mnist`.
    public let name: String
    /// The samples to train on.
    public let train: Samples
    /// The samples that training does not see.
    public let test: Samples

    /// A data set of the given parts.
    public init(name: String, train: Samples, test: Samples) {
        self.name = name
        self.train = train
        self.test = test
    }

    /// The same data set with both parts transformed, for example cut to a prefix or moved to a device.
    public func map<Result>(_ transform: (Samples) -> Result) -> Split<Result> {
        Split<Result>(name: name, train: transform(train), test: transform(test))
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
