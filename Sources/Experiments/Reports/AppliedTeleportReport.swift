import Reporting
import Teleportation

/// What one teleport made of a model, in tables and sentences.
package struct AppliedTeleportReport {
    /// Loss and gradient before and after, on the teleport batches and on other samples.
    package let changes: Table
    /// A row for each layer that can move: its dimensions, and how many of them are free.
    package let room: Table
    /// On how many batches the model moved, and why it did not on the others.
    package let sentences: [String]

    /// The report of a teleport.
    package init(_ record: AppliedTeleport) {
        changes = Table(
            columns: [
                .init("samples", alignment: .left), .init("count"), .init("loss before"), .init("loss after"),
                .init("‖g‖² before"), .init("‖g‖² after"),
            ],
            rows: [("teleport batches", record.teleportBatches), ("test samples", record.testSamples)].map {
                name, change in
                [
                    name, "\(change.samples)", change.lossBefore.significant(6), change.lossAfter.significant(6),
                    change.gradientNormSquaredBefore.significant(), change.gradientNormSquaredAfter.significant(),
                ]
            })
        room = Table(
            columns: [
                .init("layer", alignment: .left), .init("dimensions"), .init("free before"), .init("free after"),
            ],
            rows: record.layers.map { layer in
                [
                    layer.name, "\(layer.dimensions)", "\(layer.freeDimensionsBefore)", "\(layer.freeDimensionsAfter)",
                ]
            })
        let (moved, count) = (record.movedCount, record.teleports.count)
        let ofAll = "of \(count) teleport \(count == 1 ? "batch" : "batches")"
        var reasons: [(text: String, count: Int)] = []
        for teleport in record.teleports where !teleport.hasMoved {
            let reason = teleport.report.restored?.kind ?? teleport.report.ending?.description ?? "no step was taken"
            if let index = reasons.firstIndex(where: { $0.text == reason }) {
                reasons[index].count += 1
            } else {
                reasons.append((reason, 1))
            }
        }
        sentences =
            [
                moved == 0
                    ? "Nothing moved: the weights are what they were."
                    : "The weights moved on \(moved) \(ofAll)."
            ] + reasons.map { "On \($0.count) \(ofAll): \($0.text)." }
    }
}

extension AppliedTeleportReport: CustomStringConvertible {
    /// Both tables, and the sentences.
    package var description: String {
        ["\(changes)", room.rows.isEmpty ? nil : "\(room)", sentences.joined(separator: "\n")].compactMap(\.self)
            .joined(separator: "\n\n")
    }
}

extension TeleportReport.Restoration {
    /// Why parameters were set back, without the numbers of the batch.
    fileprivate var kind: String {
        switch self {
        case .drifted(_, let tolerance):
            "taken back, since the loss drifted by more than the tolerance \(tolerance); fewer "
                + "--teleport-steps, or a higher --tolerance, let it go"
        case .costly:
            "taken back, since the optimizer's next step would leave the control samples worse than before; a lower "
                + "--learning-rate, or --control-samples 0, lets it go"
        case .notFinite, .failed, .lostTrial, .recorded: "taken back, since \(self)"
        }
    }
}
