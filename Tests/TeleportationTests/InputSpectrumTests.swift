import NeuralNetworks
import Testing
import Torch

@testable import Teleportation

@Suite struct InputSpectrumTests {
    private let generator = Generator(seed: 5)

    @Test(
        "The energies are the squared singular values of all rows, with a one at the end of each", arguments: [3, 40])
    func energies(count: Int) throws {
        let model = Sequential(
            Dense(6, 4, using: generator, dtype: .float64), Tanh(), Dense(4, 2, using: generator, dtype: .float64))
        let batches = [count, 2].map { count in
            Batch(
                inputs: .normal([count, 6], using: generator, dtype: .float64),
                targets: .zeros([count], dtype: .int64))
        }
        let spectra = try InputSpectrum.all(of: model, over: batches)
        #expect(spectra.map(\.name) == ["0", "2"])
        #expect(spectra.map(\.dimension) == [7, 5])
        #expect(spectra.map(\.rowCount) == [count + 2, count + 2])
        let inputs = Tensor.concatenated(batches.map(\.inputs), along: 0)
        for (spectrum, rows) in zip(spectra, [inputs, model.layers[0](inputs).tanh()]) {
            let values = try rows.appendingOnes().singularValueDecomposition().s.doubles()
            #expect(spectrum.energies.count == values.count)
            for (energy, value) in zip(spectrum.energies, values) { #expect(abs(energy - value * value) < 1e-10) }
        }
    }

    @Test("The dimensions that hold a share of the energy are those that a teleport keeps")
    func dimensions() throws {
        let rows = Tensor.normal([50, 12], using: generator) * Tensor((0..<12).map { Float(1) / Float(1 << $0) })
        let model = Dense(12, 3, using: generator)
        let batch = Batch(inputs: rows, targets: .zeros([50], dtype: .int64))
        let spectrum = try #require(InputSpectrum.all(of: model, over: [batch]).first)
        for tau in [0.5, 0.9, 0.99, 0.9999, 1] {
            let space = try InputNullSpace(of: rows, hasBias: true, tau: tau)
            #expect(spectrum.freeDimensions(tau: tau) == space.freeDimensions)
            let k = spectrum.significantDimensions(tau: tau)
            #expect(spectrum.remainders[k] <= 1 - tau + 1e-12)
            if k > 0 && tau < 1 { #expect(spectrum.remainders[k - 1] > 1 - tau) }
        }
        #expect(spectrum.remainders.count == 14)
        #expect(spectrum.remainders[0] == 1 && spectrum.remainders[13] == 0)
    }

    @Test("Few rows in many dimensions need no matrix of all of them")
    func manyDimensions() throws {
        // The covariance of 100,000 dimensions would take 80 GB.
        let model = Dense(100_000, 1, using: generator)
        let batch = Batch(inputs: .normal([4, 100_000], using: generator), targets: .zeros([4], dtype: .int64))
        let spectrum = try #require(InputSpectrum.all(of: model, over: [batch]).first)
        #expect(spectrum.freeDimensions(tau: 1) == 100_001 - 4)
        #expect(spectrum.energies.count == 4)
    }
}
