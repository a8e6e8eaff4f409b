extension String {
    /// The numbers of a list such as `0,2,4`, which may end in a comma; nil if it is none.
    package var listedIntegers: [Int]? {
        let numbers = (hasSuffix(",") ? dropLast() : self[...]).split(separator: ",", omittingEmptySubsequences: false)
            .map { Int($0) }
        return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
    }
}

extension Double {
    /// The number as people write it: 1 and not 1.0.
    package var shortText: String { self == rounded() && magnitude < 1e15 ? String(Int(self)) : String(self) }
}
