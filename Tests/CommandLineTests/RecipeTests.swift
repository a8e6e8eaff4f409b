import Experiments
import Foundation
import Optimizers
import Reproductions
import Teleportation
import Testing

@testable import teleport

@Suite("The recipes say what the paper says") struct RecipeTests {
    /// The folder of the recipes in the repository.
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Recipes")

    private static var files: [URL] {
        FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)!
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "yaml" }.sorted { $0.path < $1.path }
    }

    private func options(_ file: URL) throws -> Compare {
        let options = try #require(try ConfigurationFile(namedIn: ["--config", file.path], of: Compare.self)).options
        return try Compare.parse(options)
    }

    @Test("Every row of NS25 Table 1 is a file, with the numbers that reproductions take")
    func paper() throws {
        #expect(PublishedRecipe.table.count == 36)
        for row in PublishedRecipe.table {
            let name = "ns25/\(row.name).yaml"
            let recipe = try options(Self.folder.appendingPathComponent(name))
            let task = recipe.model.task
            #expect(task.dataset == row.dataset && task.optimizer == row.optimizer, "\(name)")
            #expect(task.model == row.architecture && task.learningRate == row.learningRate, "\(name)")
            #expect(recipe.model.batchSize == PublishedRecipe.batchSize && recipe.epochs == row.epochs, "\(name)")
            let (plan, expected) = (try recipe.schedule.plan(recipe.teleportation), row.plan)
            #expect("\(plan.teleporter)" == "\(expected.teleporter)", "\(name)")
            #expect(plan.schedule.moments == expected.schedule.moments, "\(name)")
            #expect(plan.schedule.batchCount == expected.schedule.batchCount, "\(name)")
            #expect(plan.schedule.batchSize == expected.schedule.batchSize, "\(name)")
            #expect(plan.schedule.warmUpSteps == expected.schedule.warmUpSteps, "\(name)")
            #expect(plan.controlSamples == 0 && plan.trialSteps == 0, "\(name)")
            #expect(expected.controlSamples == 0 && expected.trialSteps == 0, "\(name)")
        }
    }

    @Test("The rows are those of the paper: eta_prim and T_prim (with Adam), eta_tele, n and CAP")
    func numbers() throws {
        for (dataset, rate, adamRate, eta, epochs, adamEpochs, samples, cap) in [
            ("mnist", 2e-4, 2e-4, 2e-1, 100, 100, 32, 5.0), ("fashion-mnist", 2e-4, 2e-4, 2e-1, 100, 100, 32, 5),
            ("cifar-10", 1e-4, 1e-5, 3e-3, 100, 300, 256, 40), ("cifar-100", 1e-4, 3e-5, 3e-3, 400, 400, 256, 40),
            ("tiny-imagenet", 2e-4, 5e-5, 3e-3, 400, 400, 32, 40), ("smnist", 1e-3, 1e-4, 3e-3, 400, 400, 32, 10),
            ("electricity", 1e-4, 1e-4, 3e-3, 50, 50, 32, 10), ("traffic", 1e-4, 1e-4, 3e-3, 50, 50, 32, 10),
            ("penn-treebank", 2e-4, 5e-5, 5e-2, 175, 175, 32, 5),
        ] {
            let rows = PublishedRecipe.table.filter { $0.dataset.rawValue == dataset }
            #expect(rows.map(\.optimizer) == [.sgd, .momentum, .adagrad, .adam])
            for row in rows {
                let isAdam = row.optimizer == .adam
                #expect(row.learningRate == (isAdam ? adamRate : rate) && row.epochs == (isAdam ? adamEpochs : epochs))
                #expect(row.teleportLearningRate == eta && row.teleportBatchSize == samples && row.cap == cap)
                #expect(row.warmUpSteps == (["cifar-10", "cifar-100", "tiny-imagenet"].contains(dataset) ? 40 : 0))
            }
        }
        let plan = PublishedRecipe.table[0].plan
        let teleporter = try #require(plan.teleporter as? NullSpaceTeleporter)
        #expect(teleporter.climb.steps == 8 && teleporter.tau == 1 && plan.schedule.batchCount == 32)
        #expect(teleporter.climb.stepSize == .fixed(0.2) && teleporter.climb.cap == .fixed(5))
        #expect(plan.schedule.moments == .epochs(Set(0..<5)))
    }

    @Test("Every other recipe can be read, and sets no step size by hand", arguments: files)
    func recipes(file: URL) throws {
        let recipe = try options(file)
        if file.deletingLastPathComponent().lastPathComponent == "ns25" { return }
        let plan = try recipe.schedule.plan(recipe.teleportation)
        let teleporter = try #require(plan.teleporter as? NullSpaceTeleporter)
        switch teleporter.climb.stepSize {
        case .growth, .share: break
        case .fixed: Issue.record("\(file.lastPathComponent): \(plan.teleporter)")
        }
    }
}
