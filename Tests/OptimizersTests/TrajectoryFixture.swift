import Foundation
import NeuralNetworks
import Optimizers
import Testing
import Torch

/// What make-optimizers.py writes: trajectories of PyTorch's optimizers on given gradients.
private struct TrajectoryFixture: Decodable {
    let shapes: [[Int]]
    let start: [[Double]]
    let gradients: [[[Double]]]
    let trajectories: [String: [String: [[[Double]]]]]

    init(_ name: String) throws {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures"))
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: url))
    }

    func tensors(_ elements: [[Double]], _ dtype: DType) -> [Tensor] {
        zip(elements, shapes).map { Tensor($0, shape: $1).to(dtype: dtype) }
    }
}

/// Checks that an optimizer goes where PyTorch's goes.
///
/// - Parameters:
///   - name: The name of the trajectory.
///   - file: The name of the fixture.
///   - dtype: The element type of the parameters.
///   - tolerance: The largest difference from a parameter, relative to its largest element.
///   - optimizer: Makes the steps.
func expectPyTorchs(
    _ name: String, in file: String, _ dtype: DType, tolerance: Double, by optimizer: any Optimizer,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let fixture = try TrajectoryFixture(file)
    let expected = try #require(fixture.trajectories[name]?["\(dtype)"], sourceLocation: sourceLocation)
    #expect(expected.count == 10, sourceLocation: sourceLocation)
    let parameters = fixture.tensors(fixture.start, dtype)
    for (gradients, expected) in zip(fixture.gradients, expected) {
        optimizer.update(parameters, with: fixture.tensors(gradients, dtype).map { .tensor($0) })
        for (parameter, expected) in zip(parameters, expected) {
            #expect(relativeDifference(parameter, expected) <= tolerance, sourceLocation: sourceLocation)
        }
    }
}
