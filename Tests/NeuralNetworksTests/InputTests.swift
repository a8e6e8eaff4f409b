import Testing
import Torch

@testable import NeuralNetworks

/// Inputs that do not fit are programming errors: the program ends and says which layer was given what.
@Suite struct InputTests {
    struct Misfit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let run: @Sendable () -> Void

        init(_ says: String, _ run: @escaping @Sendable () -> Void) {
            testDescription = says
            self.run = run
        }
    }

    /// Each with the message.
    static let misfits = [
        Misfit("Dense: an input of shape [8, 3], float32, instead of [..., 4], float32") {
            _ = dense()(.zeros([8, 3]))
        },
        // As many elements as four rows of the right length have.
        Misfit("Dense: an input of shape [2, 8], float32, instead of [..., 4]") {
            _ = dense().linearize(.zeros([2, 8]))
        },
        Misfit("Dense: an input of shape [8, 4], float64, instead of [..., 4], float32") {
            _ = dense()(.zeros([8, 4], dtype: .float64))
        },
        Misfit("Dense: an input of shape [], float32") { _ = dense()(Tensor(1)) },
        Misfit("Convolution: an input of shape [2, 1, 8, 8], float32, instead of [N, 3, H, W], H at least 3") {
            _ = convolution()(.zeros([2, 1, 8, 8]))
        },
        Misfit("Convolution: an input of shape [3, 8, 8]") { _ = convolution()(.zeros([3, 8, 8])) },
        Misfit("Convolution: an input of shape [2, 3, 8, 2]") { _ = convolution().linearize(.zeros([2, 3, 8, 2])) },
        Misfit("Convolution: an input of shape [2, 3, 2, 8], float32, instead of [N, 3, H, W], H at least 3 and W") {
            _ = convolution()(.zeros([2, 3, 2, 8]))
        },
        Misfit("Embedding: an input of shape [2, 3], float32, instead of indices [N, T], int64") {
            _ = Embedding(5, 4, using: Generator(seed: 0))(.zeros([2, 3]))
        },
        Misfit("LayerNormalization: an input of shape [2, 3], float32, instead of [..., 4]") {
            _ = LayerNormalization(4)(.zeros([2, 3]))
        },
        Misfit("LayerNormalization: an input of shape [2, 3]") { _ = LayerNormalization(4).linearize(.zeros([2, 3])) },
        Misfit("MaxPooling: an input of shape [2, 3, 1, 4], float32, instead of [N, C, H, W], H and W at least 2") {
            _ = MaxPooling(kernel: 2)(.zeros([2, 3, 1, 4]))
        },
        Misfit("MaxPooling: an input of shape [2, 12]") { _ = MaxPooling(kernel: 2).linearize(.zeros([2, 12])) },
        Misfit("PositionalEncoding: an input of shape [2, 3, 1], float32, instead of [N, T, 6]") {
            _ = PositionalEncoding(length: 3, dimension: 6)(.zeros([2, 3, 1]))
        },
        Misfit("Residual: an output of shape [8, 1] for an input of shape [8, 4]") {
            _ = Residual(Dense(4, 1, using: Generator(seed: 0)))(.zeros([8, 4]))
        },
    ]

    private static func dense() -> Dense { Dense(4, 2, using: Generator(seed: 0)) }
    private static func convolution() -> Convolution { Convolution(3, 2, kernel: 3, using: Generator(seed: 0)) }

    @Test("An input that does not fit traps with the layer and both shapes", arguments: misfits.indices)
    func traps(index: Int) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [index] in
            InputTests.misfits[index].run()
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains(Self.misfits[index].testDescription), "\(message)")
    }

    @Test("Borders count, and what fits in another number of dimensions passes")
    func fits() {
        let generator = Generator(seed: 0)
        let padded = Convolution(3, 2, kernel: 3, geometry: .init(padding: 1), using: generator)
        #expect(padded(.zeros([2, 3, 1, 1])).shape == [2, 2, 1, 1])
        #expect(Self.dense()(.zeros([4])).shape == [2])
        #expect(Self.dense().linearize(.zeros([5, 3, 4])).output.shape == [5, 3, 2])
        #expect(PositionalEncoding(length: 3, dimension: 6)(.zeros([2, 6])).shape == [2, 6])
    }
}
