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
        switch name {
        case .digits: SyntheticDigits().split().erased
        case .mnist: try MNISTFolder.mnist(name, in: folder).read().erased
        case .fashionMNIST: try MNISTFolder.fashionMNIST(in: folder).read().erased
        case .cifar10: try CIFARFolder(layout: .cifar10, root: folder).read().erased
        case .cifar100: try CIFARFolder(layout: .cifar100, root: folder).read().erased
        case .sequentialMNIST: try MNISTFolder.mnist(name, in: folder).read().map(SequentialImages.init).erased
        case .electricity: try SeriesFolder(layout: .electricity, root: folder).read().erased
        case .traffic: try SeriesFolder(layout: .traffic, root: folder).read().erased
        case .exchangeRate: try SeriesFolder(layout: .exchangeRate, root: folder).read().erased
        case .ettH1: try SeriesFolder(layout: .ettH1, root: folder).read().erased
        case .ettH2: try SeriesFolder(layout: .ettH2, root: folder).read().erased
        case .ettM1: try SeriesFolder(layout: .ettM1, root: folder).read().erased
        case .ettM2: try SeriesFolder(layout: .ettM2, root: folder).read().erased
        case .pennTreebank: try PennTreebankFolder(name: name.rawValue, root: folder).read().erased
        case .tinyImageNet: try TinyImageNetFolder(root: folder).read().erased
        }
    }
}
