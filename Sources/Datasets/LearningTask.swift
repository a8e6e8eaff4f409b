/// What a model is to make of the samples of a data set; decides its outputs, the loss and the figures of merit.
public enum LearningTask: Hashable, Sendable {
    /// To name the class of a sample: outputs `[N, classes]`, targets `int64` `[N]`.
    case classification(classes: Int)
    /// To predict numbers: outputs and targets `[N, outputs]`.
    case regression(outputs: Int)
    /// To predict, at each position of a text, the token that follows: outputs `[N, T, vocabulary]`, targets `int64`
    /// `[N, T]`.
    case languageModelling(vocabulary: Int)
}
