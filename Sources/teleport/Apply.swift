import ArgumentParser
import Experiments
import Foundation
import Reporting
import Torch

/// `teleport apply`.
struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Teleport a model that was trained in PyTorch, from one safetensors file to another.",
        discussion: """
            The weights are a state dictionary, as safetensors.torch.save_model writes it, of one of the models of \
            Examples/PyTorch/models.py, or of a torch.nn.Sequential that a YAML file describes. They move as they do before \
            training in 'compare': on each teleport batch to where its loss stays, and the next steps of the optimizer gain \
            more; what one batch holds a later one may move, and --teleport-batches 1 holds all. The new file has the same \
            names, types and texts, and goes into the same PyTorch model with strict=True. Loss and squared gradient norm are \
            printed as they were and as they are, on the teleport batches and on test samples.

            Weights in float16 or bfloat16 are computed and written in float32, unless --keep-half-precision is given. A file \
            with float64 is computed in it. With batch normalization the loss that stays is that of training, with the \
            statistics of the batch. The optimizer is a new one.

            Examples:
              teleport apply --model mlp:512,512 --weights model.safetensors --dataset mnist --data DIR --output moved.safetensors
              teleport apply --model cnn --weights cnn.safetensors --dataset cifar-10 --data DIR --learning-rate 0.01 \
            --output moved.safetensors
              teleport apply --model stack.yaml --weights model.safetensors --dataset mnist --data DIR --output moved.safetensors
              teleport apply --model mlp:512,512 --weights model.safetensors --method gauge --json --output moved.safetensors
            """)

    @OptionGroup(title: "Data and model") var task: TaskOptions
    @OptionGroup(title: "Teleportation") var teleportation: TeleportationOptions
    @OptionGroup(title: "Run") var execution: ExecutionOptions

    @Option(help: "The safetensors file of the weights to teleport.", namingA: "safetensors file", .safetensors)
    var weights: String

    @Option(help: "The safetensors file to write.", namingA: "safetensors file", .safetensors)
    var output: String

    @Flag(help: "Replace the file to write where there is one.")
    var overwrite = false

    @Flag(help: "Write weights that came in float16 or bfloat16 in that type again: rounding then moves the loss.")
    var keepHalfPrecision = false

    @Option(help: "Decides which samples are drawn.", in: 0...999_999_999)
    var seed = 0

    mutating func run() throws {
        let watch = execution.apply()
        try checkOutput()
        let file = try Safetensors(contentsOf: URL(fileURLWithPath: weights))
        let data = try task.split()
        let training = task.training(
            epochs: 0, dtype: execution.dtype ?? ApplyExperiment.dtype(for: file), execution)
        let experiment = ApplyExperiment(
            of: file, from: weights, training, plan: try teleportation.plan(), seed: seed,
            keepsHalfPrecision: keepHalfPrecision, on: data)
        for notice in task.capped(by: data) + teleportation.capped(by: data.train.count) {
            execution.console.notice(notice)
        }
        let (record, moved) = try experiment.run()
        // Another process may have made it meanwhile.
        try checkOutput()
        do throws(SafetensorsError) { try moved.write(to: URL(fileURLWithPath: output)) } catch {
            throw Results.Failure(description: "--output \(error)")
        }
        let failure = try execution.console.show("\(AppliedTeleportReport(record))\n", record)
        execution.console.notice(of: "The weights are in \(output)")
        Console.warn(of: watch, isQuiet: execution.quiet)
        // Who asks for JSON has nothing else to go by.
        if execution.console.json, let failure { throw Results.Failure.unwritableOutput(failure) }
    }

    /// Sees whether the file can be written, before the work and not after it.
    private func checkOutput() throws(Results.Failure) {
        guard overwrite || !FileManager.default.fileExists(atPath: output) else {
            let isInput = [output, weights].map { URL(fileURLWithPath: $0).resolvingSymlinksInPath() }
            throw Results.Failure(
                description: isInput[0] == isInput[1]
                    ? "--output \(output): is the file of --weights; name another one, or give --overwrite to replace it"
                    : "--output \(output): there is such a file; name another one, or give --overwrite")
        }
        do throws(ReportError) { try AtomicFile.tryOut(URL(fileURLWithPath: output)) } catch {
            throw Results.Failure(description: "--output \(output): \(error); name another file")
        }
    }
}
