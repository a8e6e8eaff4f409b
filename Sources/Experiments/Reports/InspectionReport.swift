import Datasets
import Reporting
import TextForms

/// An inspection in tables and figures.
package struct InspectionReport: Report {
    /// How much the files of the data set hold.
    package let data: String
    /// A row for each layer: its dimensions, and how many of them are free at each tau.
    package let room: Table
    /// A row for each tau: the squared gradient norm before and after the steps, and the change of the loss.
    package let trajectories: Table
    /// What went wrong on the way, or ended it early, a sentence for each tau where something did.
    package let failures: [String]
    /// For each layer, the share of its input's energy that is left out, against the share of the dimensions kept.
    package let spectra: Figure
    /// For each tau, the squared gradient norm and the loss against the number of steps.
    package let steps: Figure

    /// The report of an inspection.
    package init(_ inspection: Inspection) {
        let taus = inspection.trajectories.map(\.tau)
        let sizes = DataQuantity.allCases.compactMap { quantity in
            inspection.data[quantity.rawValue].map { "\(quantity): \($0)" }
        }
        data = sizes.joined(separator: ", ")
        room = Table(
            columns: [.init("layer", alignment: .left), .init("rows"), .init("dimensions")]
                + taus.map { .init("free at \($0.shortText)") },
            rows: inspection.layers.map { layer in
                [layer.name, "\(layer.rows)", "\(layer.dimensions)"] + layer.room.map { "\($0.freeDimensions)" }
            })
        trajectories = Table(
            columns: [
                .init("tau"), .init("steps"), .init("‖g‖² before"), .init("‖g‖² after"), .init("loss before"),
                .init("loss after"), .init("relative drift"), .init("objective before"), .init("objective after"),
            ],
            rows: inspection.trajectories.compactMap { trajectory in
                guard let first = trajectory.points.first, let last = trajectory.points.last else { return nil }
                return [
                    trajectory.tau.shortText, "\(last.step)", first.gradientNormSquared.significant(),
                    last.gradientNormSquared.significant(), first.loss.significant(), last.loss.significant(),
                    (abs(last.loss - first.loss) / abs(first.loss)).significant(2),
                    trajectory.objectiveBefore?.significant() ?? "-", trajectory.objectiveAfter?.significant() ?? "-",
                ]
            })
        failures = inspection.trajectories.compactMap { trajectory in
            let teleport = "The teleport at tau \(trajectory.tau.shortText)"
            if let reason = trajectory.reason { return "\(teleport) was given up: \(reason)." }
            let steps = trajectory.points.last?.step ?? 0
            return trajectory.ending.map { "\(teleport) ended after \(steps.counted("step")): \($0)." }
        }
        spectra = Figure(panels: [
            LineChart(
                title: "Energy of the layers' inputs left out (logarithmic scale)",
                horizontalLabel: "dimensions kept (%)", isLogarithmic: true,
                series: inspection.layers.map { layer in
                    let kept = layer.remainders.indices.map { 100 * Double($0) / Double(layer.dimensions) }
                    // What is below the rounding of the numbers says nothing about the input.
                    let shown = layer.remainders.prefix { $0 > 1e-14 }
                    return LineChart.Series(
                        name: "layer \(layer.name)", x: Array(kept.prefix(shown.count)), y: Array(shown))
                })
        ])
        func chart(_ title: String, isLogarithmic: Bool, _ value: (Inspection.StepRecord) -> Double) -> LineChart {
            LineChart(
                title: title, horizontalLabel: "teleport step", isLogarithmic: isLogarithmic,
                series: inspection.trajectories.map { trajectory in
                    LineChart.Series(
                        name: "tau \(trajectory.tau.shortText)", x: trajectory.points.map { Double($0.step) },
                        y: trajectory.points.map(value))
                })
        }
        steps = Figure(panels: [
            chart("Squared gradient norm (logarithmic scale)", isLogarithmic: true, \.gradientNormSquared),
            chart("Loss of the teleport batch", isLogarithmic: false, \.loss),
        ])
    }

    /// The figures, `input-spectra` and `teleport-steps`.
    package var figures: [NamedFigure] { [.init("input-spectra", spectra), .init("teleport-steps", steps)] }
}

extension InspectionReport {
    /// The sizes of the data, both tables, and what went wrong.
    package var parts: [ReportPart] {
        (data.isEmpty ? [] : [.sentences([data])]) + [.table(room), .table(trajectories)]
            + failures.map { .sentences([$0]) }
    }
}
