import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// What several processes do together: collectives, training steps and teleports on batches that are spread over them. One process
/// alone does the same steps and teleports on the whole batches, and on the share of the largest that one of 2, 8, 64 or 1,024 processes
/// would have.
struct DistributedWork {
    /// The processes; nil for one alone.
    let group: ProcessGroup?

    /// Measures all.
    ///
    /// - Parameters:
    ///   - repetitions: How many times each piece of work is measured.
    ///   - report: Receives each measurement as it is made.
    func measure(repetitions: Int, report: (BenchmarkResult) -> Void) {
        if let group {
            // In a loop of nothing else a collective finds the other process waiting for it, and its own threads awake.
            let (rows, weight) = (Tensor.zeros([32, 1024]), Tensor.zeros([1024, 1024]))
            measure("product", repetitions, report, Workload(count: 20) { _ = rows.matmul(weight) })
            for bytes in [4, 1 << 16, 1 << 20, 1 << 23] {
                let tensor = Tensor.zeros([bytes / 4])
                measure(
                    "product-and-sum-\(bytes)", repetitions, report,
                    Workload(count: 20) {
                        _ = rows.matmul(weight)
                        group.sum(tensor)
                    })
                measure(
                    "product-and-gather-\(bytes)", repetitions, report,
                    Workload(count: 20) {
                        _ = rows.matmul(weight)
                        _ = group.gathered(tensor)
                    })
            }
        }
        let samplesOfPerceptron = group == nil ? [1, 16, 32, 128, 256, 512, 1024] : [32, 256, 1024]
        for samples in samplesOfPerceptron {
            measure(
                "train-mlp-1024-\(samples)", repetitions, report,
                training(.mlp(hidden: [1024, 1024], activation: .relu), on: samples))
        }
        for samples in group == nil ? [16, 32, 128, 256] : [32, 256] {
            measure(
                "train-cnn-\(samples)", repetitions, report,
                training(.cnn(channels: [16, 32, 64], activation: .relu), of: [3, 32, 32], on: samples))
        }
        for samples in samplesOfPerceptron {
            measure(
                "teleport-mlp-1024-\(samples)", repetitions, report,
                teleport(.mlp(hidden: [1024, 1024], activation: .relu), on: samples))
        }
        for samples in group == nil ? [128, 256] : [256] {
            measure(
                "teleport-cnn-\(samples)", repetitions, report,
                teleport(.cnn(channels: [16, 32, 64], activation: .relu), of: [3, 32, 32], on: samples))
        }
    }

    private func measure(
        _ name: String, _ repetitions: Int, _ report: (BenchmarkResult) -> Void, _ work: Workload
    ) {
        var work = work
        let prepare = work.prepare
        work.prepare = {
            prepare()
            group?.barrier()
        }
        var result = work.time("distributed/\(name)", repetitions: repetitions)
        if let group {
            let before = group.traffic
            for _ in 0..<work.count { work.run() }
            let (count, traffic) = (Double(work.count), group.traffic - before)
            result.traffic = BenchmarkResult.Traffic(
                collectives: Double(traffic.collectives) / count, bytes: Double(traffic.bytes) / count,
                waiting: traffic.waiting / .seconds(1) / count)
        }
        report(result)
    }

    /// A model, and a batch of noise, of which this process has its part.
    private func problem(
        _ architecture: Architecture, _ inputShape: [Int], _ samples: Int
    ) -> (model: any Layer, batch: Batch) {
        let generator = Generator(seed: 0)
        let model = architecture.makeModel(inputShape: inputShape, task: .classification(classes: 10), using: generator)
        let whole = Batch.noise(of: samples, shape: inputShape, using: generator)
        guard let group else { return (model, whole) }
        let all = Samples(inputs: whole.inputs, targets: whole.targets)
        return (model, ShardedSamples(all, in: group).batch(.range(samples)))
    }

    private func training(_ architecture: Architecture, of inputShape: [Int] = [784], on samples: Int) -> Workload {
        let (model, batch) = problem(architecture, inputShape, samples)
        return .training(model, CrossEntropy(), on: batch, by: SGD(learningRate: 1e-3), count: 10)
    }

    private func teleport(_ architecture: Architecture, of inputShape: [Int] = [784], on samples: Int) -> Workload {
        let (model, batch) = problem(architecture, inputShape, samples)
        let teleporter = NullSpaceTeleporter(Climb(steps: 8, stepSize: .fixed(0.01), cap: .none))
        return .fromTheSameWeights(of: model) {
            _ = teleporter.teleport(model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1e-3))
        }
    }
}
