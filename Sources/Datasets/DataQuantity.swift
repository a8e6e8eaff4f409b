/// What the files of a data set hold so many of.
public enum DataQuantity: String, CaseIterable, Sendable {
    /// The images to train on.
    case trainingImages
    /// The images to test with.
    case testImages
    /// The classes of images.
    case classes
    /// The rows of an image, in pixels.
    case height
    /// The columns of an image, in pixels.
    case width
    /// The points in time of a series.
    case rows
    /// The variables of a series.
    case columns
    /// The words to train on, ends of lines included.
    case trainingWords
    /// The words to test with, ends of lines included.
    case testWords
    /// The different words of the training text, and those for the ends of lines and for unknown words.
    case vocabulary
}

extension DataQuantity: CustomStringConvertible {
    /// What it is in words, as `training images`.
    public var description: String {
        switch self {
        case .trainingImages: "training images"
        case .testImages: "test images"
        case .trainingWords: "training words"
        case .testWords: "test words"
        case .classes, .height, .width, .rows, .columns, .vocabulary: rawValue
        }
    }
}

extension [DataQuantity: Int] {
    /// How much there is of images.
    static func images(train: ImageDataset, test: ImageDataset) -> Self {
        [
            .trainingImages: train.count, .testImages: test.count, .classes: train.classCount,
            .height: train.images.size(2), .width: train.images.size(3),
        ]
    }
}
