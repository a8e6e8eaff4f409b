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
    /// The hyperparameters that are not at their defaults, as a text.
    private var changes = ""

    /// An optimizer with its default hyperparameters.
    package init(_ name: OptimizerName) {
        self.name = name
    }

    /// `sgd`, `momentum:mu=0.8,nesterov`, `adamw:weight-decay=0.1` and the like.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        guard let name = OptimizerName(rawValue: String(named.name)) else {
            throw TextError(
                text,
                "give \(OptimizerName.allCases.map(\.rawValue).alternatives), with hyperparameters as adam:beta1=0.95,beta2=0.99 or momentum:nesterov"
            )
        }
        self.init(name)
        guard let settings = named.argument else { return }
        var changed = name.make(learningRate: 1)
        do throws(TextError) {
            try SettingList.set(name.hyperparameters, of: &changed, from: settings)
        } catch {
            throw TextError(text, name.remedy)
        }
        changes = SettingList.text(name.hyperparameters, of: changed, besides: name.make(learningRate: 1))
    }

    /// The name, with the hyperparameters that are not at their defaults.
    package var text: String { name.rawValue + (changes.isEmpty ? "" : ":\(changes)") }

    /// All names.
    package static var offers: [String] { OptimizerName.allCases.map(\.rawValue) }

    /// A new optimizer.
    package func make(learningRate: Double) -> any Optimizer {
        var optimizer = name.make(learningRate: learningRate)
        guard !changes.isEmpty else { return optimizer }
        do throws(TextError) {
            try SettingList.set(name.hyperparameters, of: &optimizer, from: changes[...])
        } catch {
            fatalError("\(text): \(error)")
        }
        return optimizer
    }

    /// All names, and what can be given with them, for people to read.
    package static var forms: String { OptimizerName.allCases.map(\.form).alternatives }

    /// The usual learning rates, and whose they are, for people to read.
    package static var usualLearningRates: String {
        let names = Dictionary(grouping: OptimizerName.allCases, by: \.usualLearningRate)
        return names.sorted { $0.key > $1.key }.map { rate, names in
            "\(rate.shortText) for \(names.map(\.rawValue).alternatives)"
        }.joined(separator: ", ")
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
            + hyperparameters.map { "\($0.name) (\($0.help))" }.joined(separator: ", ")
            + ", as \(rawValue):\(first.assignment(of: first.text(of: standard)))"
    }
}
