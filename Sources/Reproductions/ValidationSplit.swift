import Datasets
import Experiments
import Torch

extension ReproductionContext {
    /// The training data of a data set in two parts, as ST22 and PS24 part MNIST: four fifths, drawn at random and the same ones each
    /// time, are trained on, and the others are for validation.
    ///
    /// - Parameters:
    ///   - name: The data set.
    ///   - samples: How many of the four fifths are trained on; nil for all of them.
    /// - Throws: `DatasetError` if the data are missing or damaged.
    func validationSplit(_ name: DatasetName, samples: Int?) throws(DatasetError) -> Split<any Dataset> {
        let all = try data(name)
        let order = Tensor.permutation(all.train.count, using: Generator(seed: 0)).elements(as: Int64.self)
        let count = all.train.count * 4 / 5
        let train = Subset(of: all.train, at: Tensor(order[..<count].sorted()))
        return Split(
            name: all.name, train: samples.map { train.thinned(to: $0) } ?? train,
            test: Subset(of: all.train, at: Tensor(order[count...].sorted())))
    }
}
