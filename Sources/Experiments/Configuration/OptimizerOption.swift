import Optimizers
import TextForms

/// An optimizer with its hyperparameters, as `adam:beta1=0.95`: what is not given is as the optimizer's own type has it.
package struct OptimizerOption: Hashable, Sendable, TextConvertible {
    /// Plain gradient descent.
    package static let sgd = OptimizerOption(.sgd)
    /// Gradient descent with a velocity.
    package static let momentum = OptimizerOption(.momentum)
    /// `AdaGrad`.
    package static let adagrad = OptimizerOption(.adagrad)
    /// `RMSProp`.
    package static let rmsprop = OptimizerOption(.rmsprop)
    /// `Adam`.
    package static let adam = OptimizerOption(.adam)
    /// `AdamW`.
    package static let adamw = OptimizerOption(.adamw)
    /// `Muon` for matrices, and `AdamW` for all other parameters.
    package static let muon = OptimizerOption(.muon)

    /// What it is called.
    package let name: OptimizerName
    /// The texts of the hyperparameters that are not at their defaults.
    private var changes: [String: String] = [:]

    /// An optimizer with its default hyperparameters.
    package init(_ name: OptimizerName) {
        self.name = name
    }

    /// `sgd`, `momentum:mu=0.8,nesterov`, `adamw:weight-decay=0.1` and the like.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        guard let name = OptimizerName(rawValue: String(named.name)) else {
            throw TextError(
                text, "give \(Self.names), with hyperparameters as adam:beta1=0.95,beta2=0.99 or momentum:nesterov")
        }
        self.init(name)
        let (standard, changed) = (name.make(learningRate: 1), name.make(learningRate: 1))
        var given: Set<String> = []
        for part in named.argument?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let hyperparameter = name.hyperparameters.first(where: { $0.name == pair[0] }),
                given.insert(hyperparameter.name).inserted,
                hyperparameter.set(changed, pair.count > 1 ? String(pair[1]) : nil)
            else { throw TextError(text, name.remedy) }
        }
        for hyperparameter in name.hyperparameters {
            let value = hyperparameter.text(changed)
            if value != hyperparameter.text(standard) { changes[hyperparameter.name] = value }
        }
    }

    /// The name, with the hyperparameters that are not at their defaults.
    package var text: String {
        let changes = name.hyperparameters.compactMap { hyperparameter in
            self.changes[hyperparameter.name].map { hyperparameter.assignment(of: $0) }
        }
        return name.rawValue + (changes.isEmpty ? "" : ":" + changes.joined(separator: ","))
    }

    /// A new optimizer.
    package func make(learningRate: Double) -> any Optimizer {
        let optimizer = name.make(learningRate: learningRate)
        for hyperparameter in name.hyperparameters {
            if let value = changes[hyperparameter.name] { _ = hyperparameter.set(optimizer, value) }
        }
        return optimizer
    }

    /// All names, and what can be given with them, for people to read.
    package static var forms: String { OptimizerName.allCases.map(\.form).joined(separator: ", ") }

    /// All names in a sentence.
    private static var names: String {
        let names = OptimizerName.allCases.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " or \(names[names.count - 1])"
    }
}

extension OptimizerName {
    /// The name with the hyperparameters that may follow it: `momentum[:mu,nesterov]`.
    fileprivate var form: String {
        rawValue + (hyperparameters.isEmpty ? "" : "[:\(hyperparameters.map(\.name).joined(separator: ","))]")
    }

    /// What to write after the name.
    fileprivate var remedy: String {
        guard let first = hyperparameters.first else { return "give \(rawValue) alone; it has no hyperparameters" }
        let standard = make(learningRate: 1)
        return "give \(rawValue) alone, or after a colon any of "
            + hyperparameters.map { "\($0.name) (\($0.values))" }.joined(separator: ", ")
            + ", as \(rawValue):\(first.assignment(of: first.text(standard)))"
    }
}

extension Hyperparameter {
    /// `mu=0.9`, or the name alone for what is done.
    fileprivate func assignment(of value: String) -> String { value == "true" ? name : "\(name)=\(value)" }
}
