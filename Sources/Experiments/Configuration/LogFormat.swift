import TextForms

/// What is written of a training while it goes on, beside `records.jsonl`.
package enum LogFormat: String, ChoiceConvertible, Sendable {
    /// Nothing.
    case none
    /// Event files of TensorBoard.
    case tensorBoard = "tensorboard"
}
