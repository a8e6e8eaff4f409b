import Datasets

/// How large a transformer is; what is not given is NS25's choice for the task (appendix A.3).
package struct TransformerSize: Hashable, Sendable {
    /// The heads of an attention layer: 2 for classification, else 4.
    package var heads: Int?
    /// The features of a head; 64. A token has as many for each head.
    package var headSize: Int?
    /// The blocks: 2 for classification, else 4.
    package var layers: Int?

    /// A size; by default NS25's.
    package init(heads: Int? = nil, headSize: Int? = nil, layers: Int? = nil) {
        self.heads = heads
        self.headSize = headSize
        self.layers = layers
    }

    /// All three numbers.
    func resolved(for task: LearningTask) -> (heads: Int, headSize: Int, layers: Int) {
        let count = if case .classification = task { 2 } else { 4 }
        return (heads ?? count, headSize ?? 64, layers ?? count)
    }

    /// The size that `heads=4,head-size=64,layers=4` stands for, in any order and with any of them left out; nil if it is
    /// none, or too large to be meant.
    init?(list: some StringProtocol) {
        self.init()
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, let number = Int(pair[1]), (1...10_000).contains(number) else { return nil }
            switch pair[0] {
            case "heads" where heads == nil: heads = number
            case "head-size" where headSize == nil: headSize = number
            case "layers" where layers == nil: layers = number
            default: return nil
            }
        }
        // A block has twelve times as many weights as a token has features squared.
        let dimension = (heads ?? 4) * (headSize ?? 64)
        guard 12 * dimension * dimension * (layers ?? 4) <= 1_000_000_000 else { return nil }
    }

    /// `heads=4,head-size=64,layers=4` without what is not given.
    var list: String {
        [("heads", heads), ("head-size", headSize), ("layers", layers)]
            .compactMap { name, number in number.map { "\(name)=\($0)" } }.joined(separator: ",")
    }
}
