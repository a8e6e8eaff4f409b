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
    // each: in a hash table with linear probing, at most half full.
    private var slots = [Slot](repeating: Slot(), count: 64)
    private var bytes: [UInt8] = []
    /// Where in `bytes` each word begins, and where the last one ends.
    private var bounds = [0]

    /// A place in the table. What most words differ in is in it, so that no other memory need be looked at.
    private struct Slot {
        /// The index of a word; negative where there is none.
        var index: Int32 = -1
        var length: Int32 = 0
        var head: UInt64 = 0

        var isVacant: Bool { index < 0 }
    }

    /// A vocabulary without words.
    public init() {}

    /// The different words among those given.
    public init(_ words: some Sequence<String>) {
        for word in words { insert(word) }
    }

    /// The number of words.
    public var count: Int { bounds.count - 1 }

    /// The words in the order of their indices.
    public var words: [String] { (0..<count).map { self[$0] } }

    /// The word of an index in `0..<count`.
    public subscript(index: Int) -> String {
        require((0..<count).contains(index), "word \(index) of a vocabulary of \(count)")
        return String(decoding: bytes[range(of: index)], as: UTF8.self)
    }

    /// The index of a word, or nil if it is not in the vocabulary.
    public func index(of word: String) -> Int? {
        Self.withBytes(of: word) { index(of: WordBytes($0)) }
    }

    /// The index of a word, which is added if it is new.
    @discardableResult
    public mutating func insert(_ word: String) -> Int {
        Self.withBytes(of: word) { insert(WordBytes($0)) }
    }

    /// The index of a word, or nil if it is not in the vocabulary.
    func index(of word: WordBytes) -> Int? {
        let slot = slots[slot(of: word)]
        return slot.isVacant ? nil : Int(slot.index)
    }

    /// The index of a word, which is added if it is new.
    mutating func insert(_ word: WordBytes) -> Int {
        let slot = slot(of: word)
        if !slots[slot].isVacant { return Int(slots[slot].index) }
        let index = count
        slots[slot] = Slot(index: Int32(index), length: Int32(word.bytes.count), head: word.head)
        bytes += word.bytes
        bounds.append(bytes.count)
        if 2 * count > slots.count { grow() }
        return index
    }

    private func range(of index: Int) -> Range<Int> { bounds[index]..<bounds[index + 1] }

    /// Where in the table a word is, or has its place.
    @inline(__always)
    private func slot(of word: WordBytes) -> Int {
        let mask = slots.count - 1
        var index = Int(word.hash) & mask
        while true {
            let slot = slots[index]
            if slot.isVacant
                || slot.head == word.head && slot.length == word.bytes.count
                    && (slot.length <= ByteBlock.count || hasTail(slot, of: word))
            {
                return index
            }
            index = (index + 1) & mask
        }
    }

    /// Whether the word of a slot has the bytes of another one, as long as it, beyond the head that they have in common.
    @inline(never)
    private func hasTail(_ slot: Slot, of word: WordBytes) -> Bool {
        let tail = bytes[range(of: Int(slot.index))].dropFirst(ByteBlock.count)
        return tail.withUnsafeBytes {
            memcmp($0.baseAddress!, word.bytes.baseAddress! + ByteBlock.count, $0.count) == 0
        }
    }

    private mutating func grow() {
        let filled = slots.filter { !$0.isVacant }
        slots = [Slot](repeating: Slot(), count: 2 * slots.count)
        let mask = slots.count - 1
        bytes.withUnsafeBufferPointer { bytes in
            for slot in filled {
                let word = WordBytes(UnsafeBufferPointer(rebasing: bytes[range(of: Int(slot.index))]))
                var index = Int(word.hash) & mask
                while !slots[index].isVacant { index = (index + 1) & mask }
                slots[index] = slot
            }
        }
    }

    private static func withBytes<Result>(
        of word: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        var word = word
        return word.withUTF8(body)
    }
}
