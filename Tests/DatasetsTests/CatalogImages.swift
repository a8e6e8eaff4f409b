import Datasets

extension Catalog {
    /// A data set of images, as such.
    func images(_ name: DatasetName) throws(DatasetError) -> Split<ImageDataset> {
        try dataset(name).map { $0 as! ImageDataset }
    }
}
