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
    /// The share of the time of short trainings that the default teleports take.
    case share
    /// Reading data sets from files, and gathering batches.
    case data
    /// Collectives, and training steps and teleports of several processes, started by `torchrun`; or of one alone.
    case distributed

    /// A piece of work that is measured.
    private struct Measurement {
        let name: String
        let measure: (_ repetitions: Int) throws -> BenchmarkResult
    }

    /// The names of what is measured, of suites from which some can be chosen.
    package var names: [String] { measurements?.map(\.name) ?? [] }

    /// What is measured one by one; nil for what is measured together.
    private var measurements: [Measurement]? {
        func times(_ name: String, _ workload: @escaping () throws -> Workload) -> Measurement {
            let name = "\(self)/\(name)"
            return Measurement(name: name) { try workload().time(name, repetitions: $0) }
        }
        switch self {
        case .teleport:
            return [
                times("mlp-1024") { TeleportWork.mlp.workload() }, times("cnn") { TeleportWork.cnn.workload() },
                times("transformer") { TransformerWork().teleport },
            ]
        case .symmetry: return [times("mlp-512") { SymmetryWork().workload }]
        case .sharpness: return [times("mlp-512") { GeneralizationWork().sharpness }]
        case .curvature: return [times("mlp-512") { GeneralizationWork().curvature }]
        case .train:
            return TrainingWork.all.map { name, work in times(name) { work.workload() } }
                + [times("transformer") { TransformerWork().training }]
        case .learn: return LearnWork.all.map { name, work in times(name) { try work.workload() } }
        case .scaling:
            return TeleportWork.scaling.map { quantity, value, work in times("\(quantity)=\(value)") { work.workload() }
            }
        case .memory:
            let works: [(String, () -> Workload)] = [
                ("train-mlp-1024", { TrainingWork.beside(.mlp).workload() }),
                ("teleport-mlp-1024", { TeleportWork.mlp.workload() }),
                ("train-cnn", { TrainingWork.beside(.cnn).workload() }),
                ("teleport-cnn", { TeleportWork.cnn.workload() }),
                ("train-transformer", { TransformerWork().training }),
                ("teleport-transformer", { TransformerWork().teleport }),
            ]
            return works.map { name, workload in
                Measurement(name: "memory/\(name)") {
                    try workload().peakMemory("memory/\(name)", repetitions: $0)
                }
            }
        case .share:
            return ShareWork.all.map { work in
                Measurement(name: "share/\(work.name)") { try work.measure(repetitions: $0) }
            }
        case .data, .distributed: return nil
        }
    }

    /// Runs the suite.
    ///
    /// - Parameters:
    ///   - group: The processes that run it together; nil for one alone. Each measures.
    ///   - repetitions: How many times each piece of work is measured.
    ///   - chosen: The names of what is measured; empty for all.
    ///   - report: Receives each measurement as it is made.
    /// - Throws: if the files for `data`, which lie in the folder for temporary files, cannot be written or read, the
    ///   system does not count memory, or there is too little of it for a training.
    package func run(
        in group: ProcessGroup? = nil, repetitions: Int, names chosen: [String] = [],
        report: (BenchmarkResult) -> Void
    ) throws {
        if self == .data { return try DataWork().measure(repetitions: repetitions, report: report) }
        if self == .distributed {
            return DistributedWork(group: group).measure(repetitions: repetitions, report: report)
        }
        for work in measurements ?? [] where chosen.isEmpty || chosen.contains(work.name) {
            report(try work.measure(repetitions))
        }
    }
}
