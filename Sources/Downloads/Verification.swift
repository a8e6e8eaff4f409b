import Datasets
import Foundation

/// What was found of the files of a data set.
package struct Verification: Sendable {
    /// A file, or folder, of a data set.
    package struct File: Sendable {
        /// Its usual name.
        package let name: String
        /// Where it is, or where it belongs.
        package let url: URL
        /// How it is.
        package var state: State
    }

    /// How a file is.
    package enum State: Equatable, Sendable {
        /// It is as it is published, as its checksum says.
        case published
        /// No checksum of it is known, and it was read whole.
        case read
        /// It is there, and is read only with the others, some of which are missing or altered.
        case unread
        /// It is not as it is published, or damaged, for the reason given.
        case altered(String)
        /// It is not there.
        case missing
    }

    /// The data set.
    package let name: DatasetName
    /// Its files; none for digits, which are generated.
    package private(set) var files: [File]
    /// Why files that are whole, each by itself, are not those of the data set together; nil where nothing is wrong.
    package private(set) var misfit: String?

    /// Looks at the files of a data set: by their checksums where these are known, else by reading them.
    package init(of name: DatasetName, in catalog: Catalog) { self.init(of: name, from: name.source, in: catalog) }

    /// Looks at the files of a data set of a source.
    init(of name: DatasetName, from source: DatasetSource?, in catalog: Catalog) {
        self.name = name
        guard let location = catalog.location(of: name) else {
            files = []
            return
        }
        let sources = source?.files ?? []
        files = location.parts.enumerated().map { index, part in
            let url = part.url ?? location.folder.appendingPathComponent(part.name)
            var state = State.missing
            if part.url != nil {
                let source = sources.first {
                    url.lastPathComponent == $0.plainName || url.lastPathComponent == $0.plainName + ".gz"
                }
                state = Self.state(ofPart: index, at: url, of: name, source, in: catalog)
            }
            return File(name: part.name, url: url, state: state)
        }
        if files.allSatisfy({ [.published, .read, .unread].contains($0.state) }),
            files.contains(where: { $0.state != .published })
        {
            readTogether(in: catalog)
        }
    }

    /// Whether all is there and nothing is wrong.
    package var isWhole: Bool { misfit == nil && files.allSatisfy { [.published, .read].contains($0.state) } }

    /// Whether nothing is there.
    package var isEmpty: Bool { files.allSatisfy { $0.state == .missing } }

    /// Whether something that is there is wrong.
    package var isAltered: Bool {
        misfit != nil || files.contains { if case .altered = $0.state { true } else { false } }
    }

    private static func state(
        ofPart index: Int, at url: URL, of name: DatasetName, _ source: DatasetSource.File?, in catalog: Catalog
    ) -> State {
        do throws(DatasetError) {
            let match = try source?.match(url) ?? .unknown
            if case .same = match { return .published }
            // What reads the file says best what is wrong with it.
            let isRead = try catalog.check(index, at: url, of: name)
            if case .other(let found, let expected) = match {
                return .altered(
                    "it can be read, and is not what is published (SHA-256 \(found.prefix(12))..., expected "
                        + "\(expected.prefix(12))...)")
            }
            return isRead ? .read : .unread
        } catch {
            return .altered(error.defect)
        }
    }

    /// Reads all files as a training does.
    private mutating func readTogether(in catalog: Catalog) {
        do throws(DatasetError) {
            _ = try catalog.dataset(name)
            for index in files.indices where files[index].state == .unread { files[index].state = .read }
        } catch {
            guard case .file(let path, _) = error,
                let index = files.firstIndex(where: { path == $0.url.path || path.hasPrefix($0.url.path + "/") })
            else {
                misfit = error.description
                return
            }
            files[index].state = .altered(path == files[index].url.path ? error.defect : error.description)
        }
    }
}

extension DatasetError {
    /// What is wrong, without the name of the file.
    fileprivate var defect: String {
        if case .file(_, let defect) = self { defect.description } else { description }
    }
}
