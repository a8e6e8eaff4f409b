import Reporting
import Teleportation

/// What one teleport made of a model that was trained elsewhere: what `teleport apply --json` prints.
package struct AppliedTeleport: Record, Encodable, Equatable, Sendable {
    /// The options by name.
    package var configuration: [String: JSONValue]
    /// How much the files of the data set hold, by ``DataQuantity``.
    package var data: [String: Int]
    /// On the samples whose loss was held, all batches together.
    package var teleportBatches: Change
    /// On samples that the teleport did not see.
    package var testSamples: Change
    /// The layers that can move, in the order of the forward pass.
    package var layers: [LayerRoom]
    /// What was done on each batch.
    package var teleports: [TeleportRecord]

    /// A loss and its gradient before and after.
    package struct Change: Codable, Equatable, Sendable {
        /// The number of samples.
        package var samples: Int
        /// The mean loss before.
        @JSONNumber package var lossBefore: Double
        /// The mean loss after.
        @JSONNumber package var lossAfter: Double
        /// The squared norm of the gradient of the mean loss before.
        @JSONNumber package var gradientNormSquaredBefore: Double
        /// The squared norm of the gradient of the mean loss after.
        @JSONNumber package var gradientNormSquaredAfter: Double

        /// The change between two looks at so many samples.
        init(_ before: LossGradient, _ after: LossGradient, count: Int) {
            samples = count
            (lossBefore, lossAfter) = (before.loss, after.loss)
            (gradientNormSquaredBefore, gradientNormSquaredAfter) = (before.squaredNorm, after.squaredNorm)
        }
    }

    /// The room that the input of a layer leaves on the first of the batches.
    package struct LayerRoom: Codable, Equatable, Sendable {
        /// The path of the layer within the model.
        package var name: String
        /// The dimensions of a row of its input, that of a bias included.
        package var dimensions: Int
        /// Those of them in which the layer could move before.
        package var freeDimensionsBefore: Int
        /// Those of them in which it can move now.
        package var freeDimensionsAfter: Int
    }

    /// On how many of the batches the model moved.
    package var movedCount: Int { teleports.count { $0.hasMoved } }
}
