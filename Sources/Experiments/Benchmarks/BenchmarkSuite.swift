import TextForms
import Torch

/// What `teleport bench` measures; `Benchmarks/` in the repository holds the same work in PyTorch.
package enum BenchmarkSuite: String, ChoiceConvertible, Sendable {
    /// Teleporting on one batch: bases and steps.
    case teleport
    /// Symmetry teleportation on one batch.
    case symmetry
    /// One value of the sharpness of a network, PS24 eq. 4.
    case sharpness
    /// One value of the curvature of a level set, PS24 eq. 5.
    case curvature
    /// Training steps.
    case train
    /// Learning to teleport, on one trajectory.
    case learn
    /// The time of a teleport against the number of steps t, the width d, the samples n, the layers l and the batches b:
    /// NS25 Figure 3.
    case scaling
    /// The memory of training steps and teleports on the same batch, at the peak.
    case memory
    /// Reading data sets from files, and gathering batches.
    case data
    /// Collectives, and training steps and teleports of several processes, started by `torchrun`; or of one alone.
    case distributed

    /// Runs the suite.
    ///
    /// - Parameters:
    ///   - group: The processes that run it together; nil for one alone. Each measures.
    ///   - repetitions: How many times each piece of work is measured.
    ///   - report: Receives each measurement as it is made.
    /// - Throws: if the files for `data`, which lie in the folder for temporary files, cannot be written or read, or the
    ///   system does not count memory.
    package func run(
        in group: ProcessGroup? = nil, repetitions: Int, report: (BenchmarkResult) -> Void
    ) throws {
        switch self {
        case .teleport:
            report(TeleportWork.mlp.measure("teleport/mlp-1024", repetitions: repetitions))
            report(TeleportWork.cnn.measure("teleport/cnn", repetitions: repetitions))
            report(TransformerWork().teleport.time("teleport/transformer", repetitions: repetitions))
        case .symmetry: report(SymmetryWork().workload.time("symmetry/mlp-512", repetitions: repetitions))
        case .sharpness: report(GeneralizationWork().sharpness.time("sharpness/mlp-512", repetitions: repetitions))
        case .curvature: report(GeneralizationWork().curvature.time("curvature/mlp-512", repetitions: repetitions))
        case .train:
            for (name, work) in TrainingWork.all {
                report(work.workload().time("train/\(name)", repetitions: repetitions))
            }
            report(TransformerWork().training.time("train/transformer", repetitions: repetitions))
        case .learn:
            for (name, work) in LearnWork.all {
                report(try work.workload().time("learn/\(name)", repetitions: repetitions))
            }
        case .scaling:
            for (quantity, value, work) in TeleportWork.scaling {
                report(work.measure("scaling/\(quantity)=\(value)", repetitions: repetitions))
            }
        case .memory:
            let transformer = TransformerWork()
            let works = [
                ("train-mlp-1024", TrainingWork.beside(.mlp).workload()),
                ("teleport-mlp-1024", TeleportWork.mlp.workload()),
                ("train-cnn", TrainingWork.beside(.cnn).workload()), ("teleport-cnn", TeleportWork.cnn.workload()),
                ("train-transformer", transformer.training), ("teleport-transformer", transformer.teleport),
            ]
            for (name, work) in works { report(try work.peakMemory("memory/\(name)", repetitions: repetitions)) }
        case .data: try DataWork().measure(repetitions: repetitions, report: report)
        case .distributed: DistributedWork(group: group).measure(repetitions: repetitions, report: report)
        }
    }
}
