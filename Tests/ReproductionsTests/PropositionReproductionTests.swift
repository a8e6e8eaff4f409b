import Experiments
import Reporting
import Testing

@testable import Reproductions

/// What PS24 says of one teleport and of a minimum that shifts, beside what is measured.
@Suite struct PropositionReproductionTests {
    @Test("One teleport is enough on the quadratics, and not on Rosenbrock's function (PS24 section 3)")
    func oneTeleport() throws {
        let result = try OneTeleportTheory().run(ReproductionContext(scale: .quick, seeds: Seeds([1])))
        let findings = result.findings
        #expect(findings.count == 6 && result.sections.map(\.table.rows.count) == [4, 1])
        #expect(findings[0].hasPrefix("Rosenbrock: one teleport is not enough"))
        for finding in findings[1..<4] {
            #expect(
                finding.contains(": one teleport is enough") && finding.contains(" 0 have the greater loss"),
                "\(finding)")
        }
        #expect(findings[4].hasPrefix("Perceptron, 1 seed: ") && findings[5].contains("over 100 runs of 40 steps"))
        let other = try OneTeleportTheory().run(ReproductionContext(scale: .quick, seeds: Seeds([2])))
        #expect(
            other.values["networks"] != result.values["networks"]
                && other.values["functions"] == result.values["functions"])
    }

    @Test("The distance from a circle falls with its curvature, and that from a parabola ends higher (PS24 Figure 7)")
    func displacedMinimum() {
        let result = DisplacedMinimum().run(ReproductionContext(scale: .quick))
        #expect(result.sections[0].table.rows.count == 10 && result.figures[0].figure.panels.count == 2)
        #expect(result.sections[0].table.rows.allSatisfy { $0.count == 9 && $0[2] == "0.63662" })
        #expect(result.findings[0].contains("0 of 5 lines fall all the way, and 5 end higher"))
        #expect(result.findings[1].contains("5 of 5 lines fall all the way, and 0 end higher"))
    }
}
