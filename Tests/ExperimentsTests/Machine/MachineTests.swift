import Datasets
import Foundation
import TestSupport
import Testing

@testable import Experiments

@Suite struct ControlGroupTests {
    /// Writes the files of a group and of those around it.
    private func withGroups(_ files: [String: String], _ body: (ControlGroup) throws -> Void) throws {
        try withTemporaryFolder { mount in
            for (name, text) in files {
                let file = mount.appendingPathComponent(name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            try body(ControlGroup(membership: "1:cpu:/other\n0::/jobs/7\n", mount: mount))
        }
    }

    @Test("The tightest limit counts, of the group or of one around it")
    func limits() throws {
        try withGroups([
            "jobs/7/cpu.max": "max 100000\n", "jobs/cpu.max": "150000 100000\n", "cpu.max": "400000 100000\n",
            "jobs/7/memory.max": "9000\n", "jobs/7/memory.current": "2000\n", "jobs/memory.max": "max\n",
            "jobs/memory.current": "5000\n",
        ]) {
            #expect($0.processors == 1.5)
            #expect($0.memoryLeft == 7000)
        }
    }

    @Test("Where nothing is limited, or there are no groups, there is no limit")
    func none() throws {
        try withGroups(["jobs/7/cpu.max": "max 100000\n", "jobs/7/memory.max": "max\n"]) {
            #expect($0.processors == nil && $0.memoryLeft == nil)
        }
        let none = ControlGroup(membership: "4:memory:/x\n", mount: URL(fileURLWithPath: "/"))
        #expect(none.processors == nil && none.memoryLeft == nil)
        #expect(ControlGroup(membership: nil).processors == nil)
    }
}

@Suite struct ProcessorsTests {
    @Test(
        "Affinity, quota and OMP_NUM_THREADS decide how many threads there are",
        arguments: [
            (8, nil, nil, 8, 8), (8, 2.5, nil, 2, 2), (8, 0.5, nil, 1, 1), (2, 16, nil, 2, 2), (8, nil, "3", 8, 3),
            (8, 2, "4", 2, 4), (8, nil, "6,2", 8, 6), (8, nil, "many", 8, 8), (8, nil, "0", 8, 8), (8, nil, "", 8, 8),
        ] as [(Int, Double?, String?, Int, Int)])
    func count(affinity: Int, quota: Double?, threads: String?, count: Int, taken: Int) {
        let processors = Processors(
            affinity: affinity, quota: quota, environment: threads.map { ["OMP_NUM_THREADS": $0] } ?? [:])
        #expect(processors.count == count && processors.threads == taken)
    }

    @Test(
        "Processes that a launcher has started together share the processors, and what the user has set holds for each")
    func shared() {
        func threads(_ environment: [String: String]) -> Int {
            Processors(affinity: 8, quota: nil, environment: environment).threads
        }
        #expect(threads(["LOCAL_WORLD_SIZE": "3"]) == 2 && threads(["LOCAL_WORLD_SIZE": "9"]) == 1)
        #expect(threads(["LOCAL_WORLD_SIZE": "4", "OMP_NUM_THREADS": "3"]) == 3)
        #expect(threads(["LOCAL_WORLD_SIZE": "0"]) == 8)
    }

    @Test("The mask of the process has a bit for each processor")
    func mask() {
        #expect(Processors.allowed(in: "Name:\ta\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n") == 2)
        #expect(Processors.allowed(in: "Cpus_allowed:\tff,80000001\n") == 10)
        #expect(Processors.allowed(in: "Name:\ta\n") == nil)
    }
}

@Suite struct ProcessorWatchTests {
    @Test("The share of waiting is that of all threads since the watch began")
    func share() throws {
        try withTemporaryFolder { tasks in
            func write(_ thread: String, running: Double, waiting: Double) throws {
                let folder = tasks.appendingPathComponent(thread)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data("\(Int(running * 1e9)) \(Int(waiting * 1e9)) 9\n".utf8).write(
                    to: folder.appendingPathComponent("schedstat"))
            }
            try write("1", running: 100, waiting: 50)
            let watch = ProcessorWatch(tasks: tasks)
            try write("1", running: 103, waiting: 51)
            #expect(watch.waitingShare == nil, "four seconds say nothing")
            try write("2", running: 12, waiting: 4)
            #expect(abs(try #require(watch.waitingShare) - 0.25) < 1e-9)
        }
        #expect(ProcessorWatch(tasks: URL(fileURLWithPath: "/nowhere")).waitingShare == nil)
    }
}

@Suite struct MemoryNeedTests {
    private func configuration(_ model: String, batchSize: Int = 32) throws -> TrainingConfiguration {
        TrainingConfiguration(architecture: try Architecture(text: model), batchSize: batchSize)
    }

    private func need(
        _ model: String, batchSize: Int = 32, inputShape: [Int] = [3, 32, 32],
        task: LearningTask = .classification(classes: 10)
    ) throws -> MemoryNeed {
        MemoryNeed(
            try configuration(model, batchSize: batchSize), inputShape: inputShape, task: task, samples: 50_000)
    }

    @Test(
        "The weights that are counted are most of those that the model has, and no more",
        arguments: ["mlp:64,32", "cnn:16,32,64", "resnet:8,8,16", "transformer:heads=2,head-size=16,layers=2"])
    func weights(model: String) throws {
        let isTransformer = model.hasPrefix("transformer")
        let inputShape = isTransformer ? [24, 3] : [3, 32, 32]
        let task: LearningTask = isTransformer ? .regression(outputs: 4) : .classification(classes: 10)
        let made = try Architecture(text: model).makeModel(inputShape: inputShape, task: task, using: .init(seed: 0))
        let count = Double(made.parameters.map(\.value.count).reduce(0, +))
        let counted = try need(model, inputShape: inputShape, task: task).model / 8
        #expect(counted <= count && counted > 0.7 * count, "\(counted) of \(count)")
    }

    @Test("What does not fit is refused with what asks for less")
    func refuses() throws {
        for (model, batchSize, left, texts) in [
            (
                "mlp:100000,10000", 32, 1e9,
                ["--model mlp:100000,10000: takes 10", "1.00 GB are left; give a smaller --model"]
            ),
            (
                "cnn:512", 50_000, 16e9,
                ["--model cnn:512 with --batch-size 50000: takes 210 GB", "a smaller --model or --batch-size"]
            ),
        ] {
            let configuration = try configuration(model, batchSize: batchSize)
            let error = MemoryError(configuration, needing: try need(model, batchSize: batchSize), of: left)
            for text in texts { #expect(error?.description.contains(text) == true, "\(String(describing: error))") }
        }
        #expect(MemoryError(try configuration("cnn"), needing: try need("cnn"), of: 1e9) == nil)
    }

    @Test("A training asks before it makes a model")
    func asks() throws {
        let training = training(epochs: 1)
        #expect(throws: MemoryError.self) { try training.checkMemory(left: 1000) }
        try training.checkMemory(left: 1e9)
        try training.checkMemory(left: nil)
    }

    @Test func theSystemsMemoryIsReadOffMeminfo() {
        let text = "MemTotal: 9 kB\nMemAvailable:    2000 kB\nSwapTotal: 7 kB\nSwapFree:  48 kB\n"
        #expect(MemoryNeed.available(in: text) == 2_097_152)
        #expect(MemoryNeed.available(in: "MemTotal: 9 kB\n") == nil)
    }
}
