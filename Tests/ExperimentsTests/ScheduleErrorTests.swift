import Teleportation
import Testing

@testable import Experiments

@Suite struct ScheduleErrorTests {
    /// Of 3 epochs of 10 steps.
    @Test(
        "A schedule has a teleport in the training, or says that it has none",
        arguments: [
            ("0-4", 0, true), ("2", 0, true), ("3", 0, false), ("3-9", 0, false), ("none", 0, true), ("none", 99, true),
            ("steps:29", 0, true), ("steps:30", 0, false), ("steps:5", 6, false), ("every:100", 0, true),
            ("every:100", 1, false), ("every:7", 29, false), ("every:7", 28, true), ("0", 9, true), ("0", 10, false),
            ("0-4", 29, true), ("0-4", 30, false),
            ("auto", 0, true), ("auto", 29, true), ("auto", 30, false), ("auto", 99, false),
        ])
    func check(moments: String, warmUpSteps: Int, isFine: Bool) throws {
        let schedule = TeleportSchedule(try TeleportSchedule.Moments(text: moments), warmUpSteps: warmUpSteps)
        guard !isFine else { return try schedule.check(epochs: 3, stepsPerEpoch: 10) }
        let error = #expect(throws: ScheduleError.neverDue(schedule, epochs: 3, stepsPerEpoch: 10)) {
            try schedule.check(epochs: 3, stepsPerEpoch: 10)
        }
        let description = try #require(error).description
        for text in ["schedule \(moments)", "3 epochs and 30 steps", "more epochs"] {
            #expect(description.contains(text), "\(description)")
        }
        #expect(description.contains("fewer warm-up steps") == (warmUpSteps > 0))
    }
}
