import Foundation
import Testing

/// `summary.json` as any program reads it: with nothing of this library.
struct SummaryFile {
    let root: [String: Any]

    init(in folder: URL) throws {
        let data = try Data(contentsOf: folder.appendingPathComponent("summary.json"))
        root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    var configuration: [String: Any] { root["configuration"] as? [String: Any] ?? [:] }

    func arm(_ name: String) -> [String: Any] {
        (root["arms"] as? [String: Any])?[name] as? [String: Any] ?? [:]
    }

    /// The runs of an arm.
    func runs(_ arm: String) -> [[String: Any]] { self.arm(arm)["runs"] as? [[String: Any]] ?? [] }

    /// The records of all epochs, or of all teleports, of an arm.
    func records(_ kind: String, of arm: String) -> [[String: Any]] {
        runs(arm).flatMap { $0[kind] as? [[String: Any]] ?? [] }
    }

    /// All losses that training gave, in both arms.
    var losses: [Double] {
        ["baseline", "teleport"].flatMap { arm in
            records("epochs", of: arm).flatMap { [$0["trainLoss"], $0["testLoss"]].compactMap { $0 as? Double } }
        }
    }
}
