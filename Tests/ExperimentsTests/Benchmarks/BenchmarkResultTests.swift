import Reporting
import Testing
import Torch

@testable import Experiments

// In processes of their own: memory is counted for all of a process.
@Suite struct BenchmarkResultTests {
    @Test func peakMemoryIsWhatTheWorkTakesAtItsPeak() async {
        await #expect(processExitsWith: .success) {
            let bytes = 64 << 20
            let kept = Tensor.full([bytes], 1)
            let measurement = try BenchmarkResult(peakMemoryOf: "a", repetitions: 3) {
                // What is freed before the next is made counts once.
                for _ in 0..<3 { Tensor.full([bytes / 4], 1).fill(2) }
            }
            #expect(kept.count == bytes)
            #expect(measurement.unit == .bytes && measurement.repetitions == 3)
            #expect(measurement.minimum > 0.99 * Double(bytes) && measurement.maximum < 1.2 * Double(bytes))
        }
    }

    @Test("A teleport of the CIFAR network takes little more memory than training does")
    func teleportOfTheCIFARNetwork() async {
        await #expect(processExitsWith: .success) {
            Libtorch.threadCount = 1
            let teleport = try TeleportWork.cnn.workload().peakMemory("teleport", repetitions: 1)
            let training = try TrainingWork.beside(.cnn).workload().peakMemory("training", repetitions: 1)
            #expect(teleport.median < 1.3 * training.median)
        }
    }
}
