import NeuralNetworks
import TextForms
import Torch

/// When to teleport, and how much: K, b and n of NS25 Algorithm 1 (t belongs to the teleporter).
public struct TeleportSchedule: Hashable, Sendable {
    /// The moments before which a teleport takes place.
    public var moments: Moments
    /// The number of batches that one teleport goes through; b. Nil stands for as many as hold a sixty-fourth of the training
    /// samples, at least one and at most 12, so that a teleport is a small part of an epoch whatever the data.
    public var batchCount: Int?
    /// The number of samples in each of them; n.
    public var batchSize: Int
    /// Training steps before the first teleport of the run; NS25 takes 40 for convolutional networks.
    public var warmUpSteps: Int

    /// The most batches of a teleport where their number is left open.
    package static let mostBatches = 12

    /// Moments of a training, all of them counted from 0.
    public enum Moments: Hashable, Sendable {
        /// The beginning of each of the first five epochs, as NS25 has it, but none that comes less than 128 training steps
        /// after the one before: teleports and their trial would be a large part of so few steps. A session that is not told how many
        /// steps an epoch has counts batches as large as the teleports'; a schedule by itself takes all five to be due.
        case auto
        /// The beginning of each of these epochs; K in NS25 Algorithm 1. Where the warm-up ends within one of them, that
        /// moment stands for its beginning.
        case epochs(Set<Int>)
        /// Each of these training steps.
        case steps(Set<Int>)
        /// Each training step whose number is a multiple of a positive one, the first included.
        case every(Int)
    }

    /// Where a training is, as far as schedules ask.
    public struct Position: Hashable, Sendable, Codable {
        /// The epoch.
        public var epoch: Int
        /// The training steps of the epoch that are done.
        public var stepOfEpoch: Int
        /// The training steps of the run that are done.
        public var step: Int

        /// The place between one training step and the next; by default that before the first.
        public init(epoch: Int = 0, stepOfEpoch: Int = 0, step: Int = 0) {
            self.epoch = epoch
            self.stepOfEpoch = stepOfEpoch
            self.step = step
        }
    }

    /// The training steps from one of the moments that `Moments.auto` stands for to the next, at least: eight times the fewest of a
    /// trial.
    package static let leastInterval = 8 * TeleportTrial.fewestSteps

    /// A schedule of moments; by default before the first five epochs, with batches of 32 samples.
    public init(
        _ moments: Moments = .auto, batchCount: Int? = nil, batchSize: Int = 32, warmUpSteps: Int = 0
    ) {
        self.moments = moments
        self.batchCount = batchCount
        self.batchSize = batchSize
        self.warmUpSteps = warmUpSteps
    }

    /// A schedule of epochs.
    public init(
        epochs: some Sequence<Int>, batchCount: Int? = nil, batchSize: Int = 32, warmUpSteps: Int = 0
    ) {
        self.init(
            .epochs(Set(epochs)), batchCount: batchCount, batchSize: batchSize, warmUpSteps: warmUpSteps)
    }

    /// The number of batches of a teleport where there are so many training samples, never more than these fill.
    public func batchCount(of samples: Int) -> Int {
        // A remainder may be a single sample, of which batch normalization knows no variance.
        let full = max(samples / batchSize, 1)
        return min(batchCount ?? min(max(full / 64, 1), Self.mostBatches), full)
    }

    /// The batches of one teleport; each pass draws others.
    package func batches(
        of samples: some SampleSource, shuffledBy generator: Generator
    ) -> PrefixSequence<BatchSequence> {
        samples.batches(of: batchSize, shuffledBy: generator).prefix(batchCount(of: samples.count))
    }

    /// The schedule in a training of so many steps an epoch: epochs instead of `Moments.auto`.
    package func settled(stepsPerEpoch: Int) -> TeleportSchedule {
        var schedule = self
        if let epochs = epochs(stepsPerEpoch: stepsPerEpoch) { schedule.moments = .epochs(epochs) }
        return schedule
    }

    /// The epochs before which teleports take place in a training of so many steps an epoch, where they do; `Moments.auto` leaves out what
    /// the warm-up covers.
    package func epochs(stepsPerEpoch: Int) -> Set<Int>? {
        switch moments {
        case .auto: firstEpochs(of: stepsPerEpoch, apart: Self.leastInterval)
        case .epochs(let epochs): epochs
        case .steps, .every: nil
        }
    }

    /// How many of the first so many epochs `Moments.auto` passes over since they are short.
    package func passedOver(stepsPerEpoch: Int, in epochs: Int) -> Int {
        guard moments == .auto else { return 0 }
        func count(apart steps: Int) -> Int { firstEpochs(of: stepsPerEpoch, apart: steps).count { $0 < epochs } }
        return count(apart: 0) - count(apart: Self.leastInterval)
    }

    /// The first five epochs, of so many steps each, without those that the warm-up covers, and those that come in less than so many steps
    /// after the one before.
    private func firstEpochs(of stepsPerEpoch: Int, apart steps: Int) -> Set<Int> {
        // Of an epoch that nobody comes to the end of, the multiples are to be numbers too.
        let length = min(stepsPerEpoch, .max / Moments.firstEpochs.count)
        var epochs: Set<Int> = []
        var last: Int?
        for epoch in Moments.firstEpochs where (epoch + 1) * length > warmUpSteps {
            let moment = max(epoch * length, warmUpSteps)
            if let last, moment - last < steps { continue }
            epochs.insert(epoch)
            last = moment
        }
        return epochs
    }

    /// Whether a teleport takes place at a position.
    public func isDue(at position: Position) -> Bool {
        guard position.step >= warmUpSteps else { return false }
        let isBeginning = position.stepOfEpoch == 0 || position.step == warmUpSteps
        return switch moments {
        case .auto: isBeginning && Moments.firstEpochs.contains(position.epoch)
        case .epochs(let epochs): isBeginning && epochs.contains(position.epoch)
        case .steps(let steps): steps.contains(position.step)
        case .every(let period): position.step.isMultiple(of: period)
        }
    }

    /// The fewest training steps from one of the moments to the next, in a training of so many steps an epoch; those of an epoch where
    /// no other follows.
    func shortestInterval(stepsPerEpoch: Int) -> Int {
        let (numbers, unit) =
            switch moments {
            case .auto, .epochs: (epochs(stepsPerEpoch: stepsPerEpoch)?.sorted() ?? [], stepsPerEpoch)
            case .steps(let steps): (steps.sorted(), 1)
            case .every(let period): ([0, period], 1)
            }
        guard let gap = zip(numbers.dropFirst(), numbers).map({ $0 - $1 }).min() else { return stepsPerEpoch }
        let (steps, overflows) = gap.multipliedReportingOverflow(by: unit)
        return overflows ? .max : steps
    }
}

extension TeleportSchedule.Moments: TextConvertible, CustomStringConvertible {
    /// `auto`, `0-4` or `0,2,4` for epochs, `steps:0,400`, `every:200` or `none`; a range may also be written `0..<5`.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        switch (named.name, named.argument) {
        case ("auto", nil): self = .auto
        case ("none", nil): self = .epochs([])
        case ("every", let period?):
            guard let period = Int(period), (1...Self.largest).contains(period) else { throw Self.error(text) }
            self = .every(period)
        case ("steps", let list?): self = .steps(try Self.numbers(list, of: text))
        default: self = .epochs(try Self.numbers(text[...], of: text))
        }
    }

    /// One of each kind.
    package static var offers: [String] { ["auto", "0-4", "steps:0,400", "every:200", "none"] }

    /// The text that `init(text:)` reads, in a form that a shell needs no quotes for.
    package var text: String {
        switch self {
        case .auto: "auto"
        case .epochs(let epochs): epochs.isEmpty ? "none" : Self.list(epochs)
        case .steps(let steps): steps.isEmpty ? "none" : "steps:\(Self.list(steps))"
        case .every(let period): "every:\(period)"
        }
    }

    /// The text form, as `0-4` or `every:200`.
    public var description: String { text }

    /// K of all of NS25's Table 1.
    fileprivate static let firstEpochs = 0..<5

    private static let largest = 1_000_000_000

    private static func error(_ text: String) -> TextError {
        TextError(
            text,
            "give epochs such as 0-4 or 0,2,4, training steps such as steps:0,400, a period such as every:200, auto or none"
        )
    }

    /// The numbers of a list such as `0-2,5`, which may end in a comma.
    private static func numbers(_ list: Substring, of text: String) throws(TextError) -> Set<Int> {
        var numbers: Set<Int> = []
        for part in (list.hasSuffix(",") ? list.dropLast() : list).split(
            separator: ",", omittingEmptySubsequences: false)
        {
            let halfOpen = part.firstRange(of: "..<")
            let range = halfOpen ?? part.firstRange(of: "-") ?? part.endIndex..<part.endIndex
            guard let first = Int(part[..<range.lowerBound]), first >= 0 else { throw error(text) }
            guard !range.isEmpty else {
                guard first <= largest else { throw error(text) }
                numbers.insert(first)
                continue
            }
            guard let bound = Int(part[range.upperBound...]) else { throw error(text) }
            guard bound >= first, bound <= largest else { throw error(text) }
            let last = halfOpen == nil ? bound : bound - 1
            // A set of more would not fit into memory.
            guard last >= first, last - first < 1_000_000 else { throw error(text) }
            numbers.formUnion(first...last)
        }
        return numbers
    }

    /// `0-2,5`.
    private static func list(_ numbers: Set<Int>) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, last.upperBound == number - 1 {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
