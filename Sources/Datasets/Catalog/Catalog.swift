import Foundation

/// Finds data sets by name, in a folder with one subfolder for each.
///
/// ```swift
/// let mnist = try Catalog(folder: URL(fileURLWithPath: "data")).dataset("mnist")  // reads data/mnist/*
/// ```
public struct Catalog: Sendable {
    /// The data folder.
    public let folder: URL

    /// A catalog of the data sets in a folder.
    public init(folder: URL = Catalog.defaultFolder()) { self.folder = folder }

    /// The data folder of this user: `$TELEPORT_DATA`, or else `teleport` in the folder for caches, which is
    /// `$XDG_CACHE_HOME`, by default `~/.cache` (`~/Library/Caches` on macOS).
    ///
    /// - Parameter environment: The environment variables to look at.
    public static func defaultFolder(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> URL {
        if let folder = environment["TELEPORT_DATA"], !folder.isEmpty {
            return URL(fileURLWithPath: folder, isDirectory: true)
        }
        // The XDG specification has relative paths ignored.
        if let caches = environment["XDG_CACHE_HOME"], caches.hasPrefix("/") {
            return URL(fileURLWithPath: caches, isDirectory: true).appendingPathComponent("teleport")
        }
        let home =
            environment["HOME"].map { URL(fileURLWithPath: $0, isDirectory: true) }
            ?? FileManager.default.homeDirectoryForCurrentUser
        #if os(macOS)
            return home.appendingPathComponent("Library/Caches/teleport")
        #else
            return home.appendingPathComponent(".cache/teleport")
        #endif
    }

    /// Reads, or generates, a data set.
    ///
    /// - Parameter name: One of the names of `DatasetName`.
    /// - Throws: `DatasetError` if there is no such data set, or its files are missing or damaged.
    public func dataset(_ name: String) throws(DatasetError) -> Split<any Dataset> {
        try dataset(DatasetName(named: name))
    }

    /// Reads, or generates, a data set.
    ///
    /// - Throws: `DatasetError` if its files are missing or damaged.
    public func dataset(_ name: DatasetName) throws(DatasetError) -> Split<any Dataset> {
        guard let reader = reader(of: name) else { return SyntheticDigits().split().erased }
        return try reader.split()
    }

    /// Where the files of a data set are looked for, and which are there; nil for digits, which have none.
    package func location(of name: DatasetName) -> DatasetLocation? { reader(of: name)?.location }

    /// Reads one file of a data set whole, by itself.
    ///
    /// - Parameters:
    ///   - part: Its index among the parts of the location of the data set.
    ///   - url: Where it is.
    /// - Returns: Whether that was done; false for what is read only together with others.
    /// - Throws: `DatasetError.file` if it is damaged.
    package func check(_ part: Int, at url: URL, of name: DatasetName) throws(DatasetError) -> Bool {
        try reader(of: name)?.check(part, at: url) ?? false
    }

    private func reader(of name: DatasetName) -> (any DatasetFolder)? {
        switch name {
        case .digits: nil
        case .mnist, .sequentialMNIST: MNISTFolder.mnist(name, in: folder)
        case .fashionMNIST: MNISTFolder.fashionMNIST(in: folder)
        case .cifar10: CIFARFolder(layout: .cifar10, root: folder)
        case .cifar100: CIFARFolder(layout: .cifar100, root: folder)
        case .electricity: SeriesFolder(layout: .electricity, root: folder)
        case .traffic: SeriesFolder(layout: .traffic, root: folder)
        case .exchangeRate: SeriesFolder(layout: .exchangeRate, root: folder)
        case .ettH1: SeriesFolder(layout: .ettH1, root: folder)
        case .ettH2: SeriesFolder(layout: .ettH2, root: folder)
        case .ettM1: SeriesFolder(layout: .ettM1, root: folder)
        case .ettM2: SeriesFolder(layout: .ettM2, root: folder)
        case .pennTreebank: PennTreebankFolder(name: name.rawValue, root: folder)
        case .tinyImageNet: TinyImageNetFolder(root: folder)
        }
    }
}
