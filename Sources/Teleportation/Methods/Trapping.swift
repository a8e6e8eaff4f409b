/// What a function returns that a check has found not to throw; traps with the sentence of what it throws all the same.
func trapping<Result, Refusal: Error>(_ body: () throws(Refusal) -> Result) -> Result {
    do throws(Refusal) { return try body() } catch { fatalError("\(error)") }
}
