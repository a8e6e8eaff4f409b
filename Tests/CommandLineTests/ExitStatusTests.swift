import Datasets
import Reporting
import Teleportation
import Testing
import Torch

@testable import Experiments
@testable import teleport

@Suite struct ExitStatusTests {
    @Test("What a command throws decides how the tool ends")
    func ofErrors() {
        let file = DatasetError.file(path: "digits.gz", .notGzip)
        #expect(Console.ExitStatus(for: file) == .badData)
        let label = LossError.label(12, position: 3, classes: 10, ignored: -100)
        #expect(Console.ExitStatus(for: label) == .badData)
        #expect(Console.ExitStatus(for: StartingLossError(dataset: "a", loss: .infinity)) == .badData)
        #expect(Console.ExitStatus(for: TorchError(description: "the inputs are not finite")) == .diverged)
        for refusal in [
            SymmetryRefusal.notBijective(.relu), RescalingRefusal.noHiddenUnits,
            NullSpaceRefusal.coupledSamples(model: "ResidualNetwork"),
            ReportError.unwritable(path: "a", reason: "full"),
            Results.Failure(description: "--output a"),
        ] as [any Error] {
            #expect(Console.ExitStatus(for: refusal) == .badUsage)
        }
    }
}
