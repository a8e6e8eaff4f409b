import Foundation
import Reporting
import Teleportation

/// How much room each layer of a model has to teleport, and what the room gives: the contents of `inspection.json`.
package struct Inspection: Record, Codable, Equatable, Sendable {
    /// The options of the inspection by name.
    package var configuration: [String: JSONValue]
    /// How much the files of the data set hold, by ``DataQuantity``.
    package var data: [String: Int]
    /// Where and with what it ran.
    package var environment: Summary.Environment
    /// The layers in the order of the forward pass.
    package var layers: [LayerRoom]
    /// A teleport on one batch for each tau.
    package var trajectories: [Trajectory]

    private enum CodingKeys: String, CodingKey {
        case configuration, data, environment, layers
        case trajectories = "ascents"
    }

    /// The room that the input of one affine layer leaves; NS25 Figure 6a.
    package struct LayerRoom: Codable, Equatable, Sendable {
        /// The path of the layer within the model.
        package var name: String
        /// The rows of its input: one for each sample, token or patch.
        package var rows: Int
        /// The dimensions of a row, that of a bias included.
        package var dimensions: Int
        /// For each tau, the dimensions that hold its share of the energy and those that are free.
        package var room: [Room]
        /// The share of the energy that the first k directions leave out, for k from 0 to the number of dimensions.
        package var remainders: [Double]

        /// The room that a spectrum leaves.
        package init(_ spectrum: InputSpectrum, taus: [Double]) {
            name = spectrum.name
            rows = spectrum.rowCount
            dimensions = spectrum.dimension
            room = taus.map { tau in
                let significant = spectrum.significantDimensions(tau: tau)
                return Room(
                    tau: tau, significantDimensions: significant, freeDimensions: spectrum.dimension - significant)
            }
            remainders = spectrum.remainders
        }
    }

    /// How a layer's dimensions divide at one tau.
    package struct Room: Codable, Equatable, Sendable {
        /// The share of the energy that stays untouched.
        package var tau: Double
        /// k of NS25 eq. 3.
        package var significantDimensions: Int
        /// The dimensions in which the layer can move.
        package var freeDimensions: Int
    }

    /// Loss and gradient along a teleport; NS25 Figure 6b.
    package struct Trajectory: Codable, Equatable, Sendable {
        /// The share of the energy that stays untouched.
        package var tau: Double
        /// From no step on.
        package var points: [StepRecord]
        /// The objective before the first step, and after the last.
        package var objectiveBefore: Double?
        package var objectiveAfter: Double?
        /// Why the teleport was given up after the last of them; nil, and absent from the JSON, if it was not.
        package var reason: String?
        /// Why it took fewer steps than it was to take; nil, and absent from the JSON, if it did not.
        package var ending: String?
    }

    /// Where a teleport is after some steps.
    package struct StepRecord: Codable, Equatable, Sendable {
        /// How many.
        package var step: Int
        /// The loss of the batch.
        @JSONNumber package var loss: Double
        /// The squared norm of its gradient over all parameters.
        @JSONNumber package var gradientNormSquared: Double

        /// A record.
        package init(step: Int, loss: Double, gradientNormSquared: Double) {
            self.step = step
            self.loss = loss
            self.gradientNormSquared = gradientNormSquared
        }
    }
}
