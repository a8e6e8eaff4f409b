import Foundation
import Torch

/// The words of a text, numbered from 0 in the order in which they first appear.
///
/// ```swift
/// let vocabulary = Vocabulary(["the", "cat", "the"])
/// vocabulary.index(of: "cat")  // 1
/// vocabulary[1]                // "cat"
/// ```
public struct Vocabulary: Sendable {
    // A text has far more words than it has different ones, so words are looked up by their bytes, without a string for
    // each: in a hash table with linear probing, at most half full, of indices into the words.
    private var bytes: [UInt8] = []
    /// Where in `bytes` each word ends.
    private var ends: [Int] = []
    private var hashes: [WordHash] = []
    /// The index of a word, or `vacant`.
    private var slots: [Int32] = [Int32](repeating: Vocabulary.vacant, count: 64)

    private static let vacant: Int32 = -1

    /// A vocabulary without words.
    public init() {}

    /// The different words among those given.
    public init(_ words: some Sequence<String>) {
        for word in words { insert(word) }
    }

    /// The number of words.
    public var count: Int { ends.count }

    /// The words in the order of their indices.
    public var words: [String] { (0..<count).map { self[$0] } }

    /// The word of an index in `0..<count`.
    public subscript(index: Int) -> String {
        require((0..<count).contains(index), "word \(index) of a vocabulary of \(count)")
        return String(decoding: bytes[range(of: index)], as: UTF8.self)
    }

    /// The index of a word, or nil if it is not in the vocabulary.
    public func index(of word: String) -> Int? {
        Self.withBytes(of: word) { index(of: $0, hash: WordHash(of: $0)) }
    }

    /// The index of a word, which is added if it is new.
    @discardableResult
    public mutating func insert(_ word: String) -> Int {
        Self.withBytes(of: word) { insert($0, hash: WordHash(of: $0)) }
    }

    /// The index of the word of these bytes, or nil if it is not in the vocabulary.
    func index(of word: UnsafeBufferPointer<UInt8>, hash: WordHash) -> Int? {
        let index = slots[slot(of: word, hash: hash)]
        return index == Self.vacant ? nil : Int(index)
    }

    /// The index of the word of these bytes, which is added if it is new.
    mutating func insert(_ word: UnsafeBufferPointer<UInt8>, hash: WordHash) -> Int {
        let slot = slot(of: word, hash: hash)
        if slots[slot] != Self.vacant { return Int(slots[slot]) }
        let index = count
        slots[slot] = Int32(index)
        bytes += word
        ends.append(bytes.count)
        hashes.append(hash)
        if 2 * count > slots.count { grow() }
        return index
    }

    private func range(of index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    /// Where in the table a word is, or has its place.
    private func slot(of word: UnsafeBufferPointer<UInt8>, hash: WordHash) -> Int {
        var slot = hash.slot(in: slots.count)
        while slots[slot] != Self.vacant {
            let index = Int(slots[slot])
            if hashes[index] == hash && isWord(index, word) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func isWord(_ index: Int, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        let range = range(of: index)
        guard range.count == word.count, let start = word.baseAddress else { return range.isEmpty && word.isEmpty }
        return bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + range.lowerBound, start, word.count) == 0 }
    }

    private mutating func grow() {
        slots = [Int32](repeating: Self.vacant, count: 2 * slots.count)
        for (index, hash) in hashes.enumerated() {
            var slot = hash.slot(in: slots.count)
            while slots[slot] != Self.vacant { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(index)
        }
    }

    private static func withBytes<Result>(
        of word: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        var word = word
        return word.withUTF8(body)
    }
}

/// The hash of a word by the function FNV-1a, which takes in one byte after the other.
struct WordHash: Hashable, Sendable {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The hash of no bytes.
    init() {}

    init(of bytes: some Sequence<UInt8>) {
        for byte in bytes { combine(byte) }
    }

    /// Makes this the hash of one more byte.
    mutating func combine(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

    /// The slot for it in a table, whose size is a power of two.
    func slot(in slotCount: Int) -> Int { Int(truncatingIfNeeded: value ^ value >> 32) & (slotCount - 1) }
}
