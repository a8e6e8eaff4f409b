import Foundation
import Optimizers
import Teleportation
import Testing
import Torch

@testable import Experiments

/// A training as a value that can be stepped, written down and gone on with.
@Suite struct TrainingRunTests {
    /// What a run has measured when it is over, as a file holds it.
    private func end(of run: TrainingRun) throws -> String {
        while run.next() != nil {}
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(run.record.withoutTimes), as: UTF8.self)
    }

    /// As a file holds it.
    private func written(_ state: TrainingState) throws -> TrainingState {
        let progress = try JSONDecoder().decode(
            TrainingState.Progress.self, from: JSONEncoder().encode(state.progress))
        return TrainingState(progress: progress, tensors: state.tensors.mapValues { $0.clone() })
    }

    @Test(
        "A run that goes on from any of its states is the same to the last bit",
        arguments: [
            ("sgd", "mlp:64,64"), ("adam:beta1=0.95", "mlp:64,64"), ("muon", "mlp:48,48"), ("momentum", "resnet:4,4,4"),
        ])
    func resumes(optimizer: String, model: String) throws {
        let kind = try OptimizerOption(text: optimizer)
        let architecture = try Architecture(text: model)
        let training = training(epochs: 2, learningRate: 1e-3, dtype: .float32) {
            $0.optimizer = kind
            $0.architecture = architecture
        }
        let plan = teleports(plan: {
            $0.schedule.moments = .every(7)
            $0.trialSteps = 3
            $0.controlSamples = 20
        })
        let whole = try TrainingRun(training, seed: 3, plan: plan)
        var states: [TrainingState] = []
        var (steps, unknown) = (0, 0)
        while whole.next() != nil {
            steps += 1
            guard steps.isMultiple(of: 3) else { continue }
            if let state = whole.state { states.append(try written(state)) } else { unknown += 1 }
        }
        #expect(states.count > 4 && unknown > 0, "\(states.count) states, \(unknown) on trial")
        for state in states {
            let resumed = try TrainingRun(training, from: state, plan: plan)
            #expect(try end(of: resumed) == end(of: whole), "step \(state.progress.position.step)")
            for (a, b) in zip(resumed.model.parameters, whole.model.parameters) {
                #expect(a.value.doubles() == b.value.doubles())
            }
        }
        let times = try #require(states.last).progress
        #expect(times.seconds > 0 && times.teleportSeconds > 0 && times.teleportSeconds < times.seconds)
    }

    @Test func tellsWhatEachStepDid() throws {
        let plan = teleports([1]) {
            $0.climb.stepSize = .growth(10)
            $0.climb.cap = .none
            $0.climb.steps = 8
        } plan: {
            $0.controlSamples = 0
            $0.trialSteps = 3
        }
        var events: [String] = []
        _ = try training(epochs: 2) { $0.batchSize = 75 }.run(
            seed: 0, plan: plan,
            observe: { event, run in
                switch event {
                case .step: events.append("step \(run.batchesDone)")
                case .teleports(let records): events.append("teleports \(records.count)")
                case .retraced(let done, let count): events.append("retraced \(done) of \(count)")
                case .verdict(let verdict): events.append(verdict.keepsTeleports ? "kept" : "undone")
                case .epoch(let record): events.append("epoch \(record.epoch)")
                }
            })
        #expect(
            events == [
                "step 1", "step 2", "step 3", "step 4", "epoch 1", "teleports 2", "step 1", "step 2", "step 3",
                "retraced 1 of 3", "retraced 2 of 3", "undone", "step 4", "epoch 2",
            ])
    }

    @Test func anotherModelsStateIsRefused() throws {
        let state = try #require(try TrainingRun(training(), seed: 0).state)
        for model in ["mlp:64,32", "mlp:64", "mlp:64,64,64"] {
            let architecture = try Architecture(text: model)
            let other = training { $0.architecture = architecture }
            #expect(throws: TrainingStateError.self) { _ = try TrainingRun(other, from: state) }
        }
        var damaged = state
        damaged.tensors["order"] = nil
        let error = #expect(throws: TrainingStateError.self) { _ = try TrainingRun(training(), from: damaged) }
        #expect(error?.description.contains("order") == true)
    }

    @Test func anotherOptimizersStateIsRefused() throws {
        // What SGD remembers, which is nothing, fits Adam, and AdamW remembers what Adam does.
        for (own, other) in [(OptimizerOption.sgd, OptimizerOption.adam), (.adam, .sgd), (.adamw, .adam)] {
            let run = try TrainingRun(training { $0.optimizer = own }, seed: 0)
            for _ in 0..<3 { _ = run.next() }
            let state = try #require(run.state)
            let error = #expect(throws: TrainingStateError.self) {
                _ = try TrainingRun(training { $0.optimizer = other }, from: state)
            }
            #expect(error?.description.contains("with \(own.text), and this one is with \(other.text)") == true)
        }
    }

    @Test(
        "Numbers that no run has are refused with their name",
        arguments: ["seed", "epoch", "batchesDone", "samplesDone", "position.epoch", "optimizerSteps"])
    func damagedNumbers(name: String) throws {
        let training = training { $0.optimizer = .adam }
        let run = try TrainingRun(training, seed: 0)
        for _ in 0..<3 { _ = run.next() }
        var state = try #require(run.state)
        switch name {
        case "seed": state.progress.seed = -1
        case "epoch": state.progress.epoch = -1
        case "batchesDone": state.progress.batchesDone = .max
        case "samplesDone": state.progress.samplesDone = -1
        case "position.epoch": state.progress.position.epoch = 7
        default: state.progress.optimizerSteps[0] = -1
        }
        let expected = name == "optimizerSteps" ? "parameter 0" : "\(name) of the state"
        do {
            _ = try TrainingRun(training, from: state)
            Issue.record("taken")
        } catch {
            #expect("\(error)".contains(expected), "\(error)")
        }
    }

    @Test(
        "Generators that are damaged are refused with their name",
        arguments: ["order", "session.teleports", "session.control"])
    func damagedGenerators(name: String) throws {
        let training = training()
        let run = try TrainingRun(training, seed: 0)
        var state = try #require(run.state)
        state.tensors[name] = Tensor([1, 2, 3] as [Int64])
        do {
            _ = try TrainingRun(training, from: state)
            Issue.record("taken")
        } catch {
            let text = "\(error)"
            #expect(text.contains(name.split(separator: ".").last!) && text.contains("[3] of int64"), "\(text)")
        }
    }

    @Test func aStudyRunsEachArmFirstInTurn() throws {
        var order: [String] = []
        let results = Study(["a", "b", "c"], seeds: [4, 7], alternates: true).run { arm, seed, number in
            order.append("\(arm)\(seed)")
            return order.count == 2 ? nil : number
        }
        #expect(order == ["a4", "b4", "c4", "b7", "c7", "a7"])
        #expect(results.map(\.arm) == ["a", "b", "c"] && results.map(\.seeds) == [[4, 7], [7], [4, 7]])
        #expect(results.map(\.runs) == [[0, 4], [2], [1, 3]])
        var asked = 0
        let stopped = Study(["a", "b"], seeds: [0, 1]).run(isCancelled: {
            asked += 1
            return asked > 3
        }) { arm, seed, _ in "\(arm)\(seed)" }
        #expect(stopped.map(\.runs) == [["a0", "a1"], ["b0"]])
    }
}
