/// What a random teleport does to hidden units.
package enum HiddenUnitsOption: String, CaseIterable, Sendable {
    case rescale
    case permute
    case both
}
