import Torch

/// Of whose samples batch normalization takes the statistics of a batch that is spread over processes.
public enum BatchStatistics {
    /// The processes that take them together; nil, the default, where each takes those of its own samples.
    ///
    /// A batch of fewer samples than there are processes has some of them twice in its statistics.
    @TaskLocal public static var processes: ProcessGroup?
}
