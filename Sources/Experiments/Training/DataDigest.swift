import Datasets
import Torch

extension Split<any Dataset> {
    /// What tells data from others at little cost: the numbers of samples, and a checksum of some of them.
    package var digest: String {
        [train, test].map { samples in
            let places = (0..<Swift.min(64, samples.count)).map {
                Int64($0 * samples.count / Swift.min(64, samples.count))
            }
            let batch = samples.batch(Tensor(places))
            // FNV-1a.
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for tensor in [batch.inputs, batch.targets] {
                for value in tensor.doubles() { hash = (hash ^ value.bitPattern) &* 0x100_0000_01b3 }
            }
            return "\(samples.count) samples (\(String(hash, radix: 16)))"
        }.joined(separator: ", ")
    }
}
