import ArgumentParser
import Experiments
import Optimizers
import Teleportation
import Torch

// What the library writes as text is an argument as it is.
extension TextConvertible where Self: ExpressibleByArgument {
    public init?(argument: String) { try? self.init(text: argument) }
    public var defaultValueDescription: String { text }
}

extension Architecture: ExpressibleByArgument {}
extension Seeds: ExpressibleByArgument {}
extension TeleportEpochs: ExpressibleByArgument {}
extension StepSize: ExpressibleByArgument {}
extension Cap: ExpressibleByArgument {}
extension Device: ExpressibleByArgument {}
extension NullSpaceTeleporter.Method: ExpressibleByArgument {}
extension OptimizerKind: ExpressibleByArgument {}
extension TeleportConfiguration.Scope: ExpressibleByArgument {}
extension TeleportConfiguration.OptimizerStatePolicy: ExpressibleByArgument {}
extension BenchmarkSuite: ExpressibleByArgument {}
