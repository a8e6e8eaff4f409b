import Experiments
import Foundation
import Optimizers
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

    /// NS25 Table 1: eta_prim for SGD, momentum and AdaGrad, that for Adam, eta_tele, T_prim of both, n and CAP.
    private static let table: [(String, model: String, Double, Double, Double, Int, Int, Int, Double)] = [
        ("mnist", "mlp:1024,1024", 2e-4, 2e-4, 2e-1, 100, 100, 32, 5),
        ("fashion-mnist", "mlp:1024,1024", 2e-4, 2e-4, 2e-1, 100, 100, 32, 5),
        ("cifar-10", "cnn:16,32,64", 1e-4, 1e-5, 3e-3, 100, 300, 256, 40),
        ("cifar-100", "cnn:16,32,64", 1e-4, 3e-5, 3e-3, 400, 400, 256, 40),
        ("tiny-imagenet", "resnet:64,64,64,128,128,128,256,256", 2e-4, 5e-5, 3e-3, 400, 400, 32, 40),
        ("smnist", "transformer:heads=2,head-size=64,layers=2", 1e-3, 1e-4, 3e-3, 400, 400, 32, 10),
        ("electricity", "transformer:heads=4,head-size=64,layers=4", 1e-4, 1e-4, 3e-3, 50, 50, 32, 10),
        ("traffic", "transformer:heads=4,head-size=64,layers=4", 1e-4, 1e-4, 3e-3, 50, 50, 32, 10),
        ("penn-treebank", "transformer:heads=4,head-size=64,layers=4", 2e-4, 5e-5, 5e-2, 175, 175, 32, 5),
    ]

    @Test("Every row of NS25 Table 1 is there, with its numbers")
    func paper() throws {
        for (dataset, model, rate, adamRate, eta, epochs, adamEpochs, samples, cap) in Self.table {
            for optimizer in [OptimizerOption.sgd, .momentum, .adagrad, .adam] {
                let name = "ns25/\(dataset)-\(optimizer.text).yaml"
                let recipe = try options(Self.folder.appendingPathComponent(name))
                let isAdam = optimizer == .adam
                #expect(recipe.model.task.dataset.rawValue == dataset, "\(name)")
                #expect(recipe.model.task.model.text == model, "\(name)")
                #expect(recipe.model.task.optimizer == optimizer, "\(name)")
                #expect(recipe.model.task.learningRate == (isAdam ? adamRate : rate), "\(name)")
                #expect(recipe.model.batchSize == 32, "\(name)")
                #expect(recipe.epochs == (isAdam ? adamEpochs : epochs), "\(name)")
                let teleports = try recipe.schedule.plan(recipe.teleportation)
                let teleporter = try #require(teleports.teleporter as? NullSpaceTeleporter)
                #expect(teleports.schedule.moments == .epochs(Set(0..<5)), "\(name)")
                #expect(teleports.schedule.batchCount == 32 && teleports.schedule.batchSize == samples, "\(name)")
                #expect(teleporter.climb.steps == 8 && teleporter.tau == 1, "\(name)")
                #expect(teleports.controlSamples == 0 && teleports.trialSteps == 0, "\(name)")
                #expect(teleporter.climb.stepSize == .fixed(eta) && teleporter.climb.cap == .fixed(cap), "\(name)")
                let isConvolutional = model.hasPrefix("cnn") || model.hasPrefix("resnet")
                #expect(teleports.schedule.warmUpSteps == (isConvolutional ? 40 : 0), "\(name)")
            }
        }
    }

    @Test("Every other recipe can be read, and sets no step size by hand", arguments: files)
    func recipes(file: URL) throws {
        let recipe = try options(file)
        if file.deletingLastPathComponent().lastPathComponent == "ns25" { return }
        let plan = try recipe.schedule.plan(recipe.teleportation)
        guard let teleporter = plan.teleporter as? NullSpaceTeleporter, case .growth = teleporter.climb.stepSize else {
            Issue.record("\(file.lastPathComponent): \(plan.teleporter)")
            return
        }
    }
}
