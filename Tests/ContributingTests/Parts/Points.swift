import Datasets
import NeuralNetworks
import Torch

/// Points with two coordinates, `[N, 2]`, and the class of each.
struct Points: Dataset {
    let inputs, classes: Tensor

    var count: Int { inputs.size(0) }
    var inputShape: [Int] { [2] }
    var task: LearningTask { .classification(classes: 2) }
    var targets: Tensor? { classes }

    func batch(_ indices: Tensor) -> Batch {
        let rows = indices.to(device: inputs.device)
        return Batch(inputs: inputs.gathered(0, rows), targets: classes.gathered(0, rows))
    }

    func prefix(_ length: Int) -> Points {
        let range = 0..<min(length, count)
        return Points(inputs: inputs.narrowed(0, to: range), classes: classes.narrowed(0, to: range))
    }

    func to(dtype: DType?, device: Device?) -> Points {
        let moved = inputs.to(device: device)
        return Points(inputs: dtype.map { moved.to(dtype: $0) } ?? moved, classes: classes.to(device: device))
    }
}
