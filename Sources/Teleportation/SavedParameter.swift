import Torch

/// A parameter, and what it was before a teleport.
struct SavedParameter {
    let parameter: Tensor
    private let copy: Tensor

    init(_ parameter: Tensor) {
        self.parameter = parameter
        copy = parameter.clone()
    }

    func restore() { parameter.copy(from: copy) }

    func halveMove() {
        parameter.multiplyInPlace(by: 0.5)
        parameter.addInPlace(copy, scale: 0.5)
    }
}
