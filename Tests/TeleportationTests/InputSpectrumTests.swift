import NeuralNetworks
import Testing
import Torch

@testable import Teleportation

@Suite struct InputSpectrumTests {
    private let generator = Generator(seed: 5)

    @Test(
        "The energies are the squared singular values of all rows, with a one at the end of each", arguments: [2, 40])
    func energies(count: Int) throws {
        let model = Sequential(
            Dense(6, 7, using: generator, dtype: .float64), Tanh(), Dense(7, 4, using: generator, dtype: .float64),
            Tanh(), Dense(4, 2, using: generator, dtype: .float64))
        let batches = [count, 2].map { count in
            Batch(
                inputs: .normal([count, 6], using: generator, dtype: .float64),
                targets: .integers([count], in: 0..<2, using: generator))
        }
        let spectra = try InputSpectrum.ofMovableMaps(of: model, CrossEntropy(), over: batches)
        #expect(spectra.map(\.name) == ["2", "4"], "the first layer reads the data")
        #expect(spectra.map(\.dimension) == [8, 5])
        #expect(spectra.map(\.rowCount) == [count + 2, count + 2])
        let inputs = Tensor.concatenated(batches.map(\.inputs), along: 0)
        let hidden = model.layers[0](inputs).tanh()
        for (spectrum, rows) in zip(spectra, [hidden, model.layers[2](hidden).tanh()]) {
            let values = try rows.appendingOnes().singularValueDecomposition().s.doubles()
            #expect(spectrum.energies.count == values.count)
            for (energy, value) in zip(spectrum.energies, values) { #expect(abs(energy - value * value) < 1e-10) }
        }
    }

    @Test("The dimensions that hold a share of the energy are those that a teleport keeps")
    func dimensions() throws {
        let rows = Tensor.normal([50, 12], using: generator) * Tensor((0..<12).map { Float(1) / Float(1 << $0) })
        let spectrum = try spectrum(of: Dense(12, 3, using: generator), at: rows)
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
        let spectrum = try spectrum(
            of: Dense(100_000, 2, using: generator), at: .normal([4, 100_000], using: generator))
        #expect(spectrum.freeDimensions(tau: 1) == 100_001 - 4)
        #expect(spectrum.energies.count == 4)
    }

    /// The spectrum of rows that a layer reads behind one that moves them.
    private func spectrum(of layer: Dense, at rows: Tensor) throws -> InputSpectrum {
        struct Shift: Layer {
            let offset: Tensor
            var parameters: [Parameter] { [Parameter("offset", offset)] }
            func callAsFunction(_ x: Tensor) -> Tensor { x + offset }
        }
        let model = Sequential(Shift(offset: .zeros([rows.size(1)])), layer)
        let batch = Batch(inputs: rows, targets: .zeros([rows.size(0)], dtype: .int64))
        return try #require(InputSpectrum.ofMovableMaps(of: model, CrossEntropy(), over: [batch]).first)
    }
}
