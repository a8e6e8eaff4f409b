import Optimizers
import Testing
import TextForms

@testable import Experiments

@Suite struct OptimizerOptionTests {
    @Test("A name stands for the optimizer with the defaults of its type", arguments: OptimizerName.allCases)
    func names(name: OptimizerName) throws {
        let option = try OptimizerOption(text: name.rawValue)
        #expect(option == OptimizerOption(name) && option.text == name.rawValue)
        let optimizer = option.make(learningRate: 0.5)
        #expect(optimizer.learningRate == 0.5)
        switch name {
        case .sgd: #expect(optimizer is SGD)
        case .momentum: #expect((optimizer as? Momentum).map { $0.momentum == 0.9 && !$0.nesterov } == true)
        case .adagrad: #expect((optimizer as? AdaGrad)?.epsilon == 1e-10)
        case .rmsprop: #expect((optimizer as? RMSProp).map { $0.alpha == 0.99 && $0.epsilon == 1e-8 } == true)
        case .adam:
            #expect((optimizer as? Adam).map { [$0.beta1, $0.beta2, $0.epsilon] } == [0.9, 0.999, 1e-8])
        case .adamw:
            #expect(
                (optimizer as? AdamW).map { [$0.beta1, $0.beta2, $0.epsilon, $0.weightDecay] }
                    == [0.9, 0.999, 1e-8, 0.01])
        case .muon:
            let parts = try #require(optimizer as? PartitionedOptimizer).parts.map(\.optimizer)
            let muon = try #require(parts[0] as? Muon)
            #expect(parts.count == 2 && parts[1] is AdamW && parts[1].learningRate == 0.5)
            #expect([muon.momentum, muon.weightDecay, muon.epsilon] == [0.95, 0.1, 1e-7])
            #expect(muon.nesterov && muon.iterations == 5 && muon.adjustment == .matchRMSAdamW)
        }
    }

    @Test("Hyperparameters of a text are those of the optimizer")
    func hyperparameters() throws {
        func make<Rule: Optimizer>(_ text: String, as type: Rule.Type) throws -> Rule {
            let optimizer = try OptimizerOption(text: text).make(learningRate: 0.1)
            return try #require(
                optimizer as? Rule ?? (optimizer as? PartitionedOptimizer)?.parts[0].optimizer as? Rule)
        }
        let momentum = try make("momentum:mu=0.8,nesterov", as: Momentum.self)
        #expect(momentum.momentum == 0.8 && momentum.nesterov)
        #expect(try make("adagrad:epsilon=1e-6", as: AdaGrad.self).epsilon == 1e-6)
        let rmsProp = try make("rmsprop:alpha=0.95,epsilon=1e-3", as: RMSProp.self)
        #expect(rmsProp.alpha == 0.95 && rmsProp.epsilon == 1e-3)
        let adam = try make("adam:beta1=0,beta2=0.99,epsilon=1e-4", as: Adam.self)
        #expect([adam.beta1, adam.beta2, adam.epsilon] == [0, 0.99, 1e-4])
        let adamW = try make("adamw:beta1=0.8,beta2=0.95,epsilon=1e-5,weight-decay=0", as: AdamW.self)
        #expect([adamW.beta1, adamW.beta2, adamW.epsilon, adamW.weightDecay] == [0.8, 0.95, 1e-5, 0])
        let muon = try make(
            "muon:momentum=0.9,nesterov=false,weight-decay=0.2,iterations=6,adjustment=original", as: Muon.self)
        #expect(muon.momentum == 0.9 && !muon.nesterov && muon.weightDecay == 0.2)
        #expect(muon.iterations == 6 && muon.adjustment == .original)
    }

    @Test(
        "Only what differs from a default stands in the text, in one order",
        arguments: [
            ("momentum:mu=0.9,nesterov", "momentum:nesterov"),
            ("momentum:nesterov=true,mu=0.5", "momentum:mu=0.5,nesterov"),
            ("momentum:nesterov=false", "momentum"), ("adam:epsilon=1e-8", "adam"),
            ("adam:beta2=0.99,beta1=0.95", "adam:beta1=0.95,beta2=0.99"),
            ("adamw:weight-decay=1", "adamw:weight-decay=1"),
            ("muon:momentum=0.95,weight-decay=0.1", "muon"), ("muon:nesterov=false", "muon:nesterov=false"),
            ("muon:adjustment=match-rms-adamw", "muon"), ("muon:adjustment=original", "muon:adjustment=original"),
        ])
    func texts(given: String, text: String) throws {
        let option = try OptimizerOption(text: given)
        #expect(option.text == text)
        #expect(try OptimizerOption(text: text) == option)
    }

    @Test(
        "What is no optimizer is refused with what can be given",
        arguments: [
            ("", "give sgd, momentum, adagrad, rmsprop, adam, adamw or muon, with hyperparameters as adam:beta1=0.95"),
            ("newton", "give sgd, momentum,"), ("Adam", "give sgd, momentum,"), (" adam", "give sgd, momentum,"),
            ("sgd:mu=0.9", "give sgd alone; it has no hyperparameters"), ("sgd:", "give sgd alone"),
            (
                "momentum:",
                "give momentum alone, or after a colon any of mu (from 0 to below 1), nesterov (true or false), as "
                    + "momentum:mu=0.9"
            ),
            ("momentum:mu", "mu (from 0 to below 1)"), ("momentum:mu=", "mu (from"), ("momentum:mu=1", "mu (from"),
            ("momentum:mu=-0.1", "mu (from"), ("momentum:mu=nan", "mu (from"), ("momentum:mu=0.5,mu=0.6", "mu (from"),
            ("momentum:mu=0.5,", "mu (from"), ("momentum:mu=0.5, nesterov", "mu (from"),
            ("momentum:nesterov=yes", "nesterov (true or false)"), ("adam:beta3=0.9", "beta2 (from 0 to below 1)"),
            ("adam:epsilon=0", "epsilon (from 1e-30 to 1e30)"), ("adam:epsilon=inf", "epsilon (from 1e-30 to 1e30)"),
            ("adam:epsilon=1e39", "epsilon (from 1e-30 to 1e30)"),
            ("adamw:weight-decay=1e39", "(0 or from 1e-30 to 1e30)"),
            ("adamw:weight-decay=-1", "weight-decay (0 or from 1e-30 to 1e30)"),
            ("muon:iterations=0", "iterations (from 1 to 99)"),
            ("muon:iterations=2.5", "iterations (from 1 to 99)"),
            ("muon:adjustment=none", "adjustment (original or match-rms-adamw)"),
        ])
    func refusals(text: String, remedy: String) {
        let error = #expect(throws: TextError.self) { try OptimizerOption(text: text) }
        #expect(error?.text == text)
        #expect(error?.remedy.hasPrefix("give ") == true)
        #expect(error?.remedy.contains(remedy) == true)
    }
}
