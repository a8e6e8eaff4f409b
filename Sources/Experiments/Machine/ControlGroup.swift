import Foundation

/// What Linux's control groups (version 2) leave to this process, as in a container or under a job scheduler.
struct ControlGroup {
    /// The folders of the process's group and of those that it is in, innermost first.
    private let folders: [URL]

    /// The group that `/proc/self/cgroup` names.
    ///
    /// - Parameters:
    ///   - membership: The text of that file; nil, or one that names no group of version 2, for none.
    ///   - mount: Where the groups are.
    init(
        membership: String? = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8),
        mount: URL = URL(fileURLWithPath: "/sys/fs/cgroup", isDirectory: true)
    ) {
        guard let line = membership?.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else {
            folders = []
            return
        }
        let names = line.dropFirst("0::/".count).split(separator: "/")
        folders = (0...names.count).reversed().map { count in
            names.prefix(count).reduce(mount) { $0.appendingPathComponent(String($1), isDirectory: true) }
        }
    }

    /// The processors whose time the process may take, where that is limited: 1.5 for three quarters of the time of two.
    var processors: Double? {
        folders.compactMap { folder -> Double? in
            let numbers = numbers("cpu.max", in: folder)
            guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], period > 0 else { return nil }
            return quota / period
        }.min()
    }

    /// The bytes of memory that are left, where they are limited.
    var memoryLeft: Double? {
        folders.compactMap { folder -> Double? in
            guard let most = numbers("memory.max", in: folder).first ?? nil,
                let taken = numbers("memory.current", in: folder).first ?? nil
            else { return nil }
            return most - taken
        }.min()
    }

    /// The numbers of a file of one line; `max` is none.
    private func numbers(_ name: String, in folder: URL) -> [Double?] {
        let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        return (text ?? "").split(whereSeparator: \.isWhitespace).map { Double($0) }
    }
}
