import Foundation
import Testing

@testable import Reporting

/// A terminal whose text and time the test controls.
private final class Terminal: @unchecked Sendable {
    // Unchecked: each test uses its own from one thread.
    var text = ""
    var now = 100.0
    var width = 120

    func progress(quiet: Bool = false, isTerminal: Bool = true) -> ProgressLine {
        ProgressLine(
            job: .init(runs: 2, epochs: 5, batches: 10), quiet: quiet, isTerminal: isTerminal,
            terminal: TerminalLine(width: { self.width }, sink: { self.text += $0 }),
            clock: { self.now }, sink: { self.text += $0 })
    }

    /// What a terminal shows: carriage returns write over what is there.
    var screen: [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var cells: [Character] = []
            for part in line.split(separator: "\r", omittingEmptySubsequences: false) {
                cells.replaceSubrange(0..<min(part.count, cells.count), with: part)
            }
            return String(cells).trimmingCharacters(in: .whitespaces)
        }
    }
}

@Suite struct ProgressLineTests {
    private let position = ProgressLine.Position(run: 1, arm: "teleport", seed: 7, epoch: 3, batch: 5)

    @Test func showsWhereItIsAndEstimatesTheTimeLeft() {
        let terminal = Terminal()
        let progress = terminal.progress()
        terminal.now += 150
        progress.update(position, loss: 0.1234)
        // 75 of 100 batches are done in 150 seconds, so 50 seconds are left.
        #expect(
            terminal.screen == [
                "teleport  seed 7  epoch 3/5  batch 5/10  75 %  loss 0.1234  2:30 elapsed, 0:50 left"
            ])
    }

    @Test func nothingIsEstimatedBeforeTheFirstBatch() {
        let terminal = Terminal()
        let progress = terminal.progress()
        progress.update(.init(run: 0, arm: "baseline", seed: 0, epoch: 1, batch: 0), loss: 1)
        #expect(terminal.screen[0].hasSuffix("0:00 elapsed"))
    }

    @Test func elsewhereALongEpochHasALineAMinute() {
        let terminal = Terminal()
        terminal.width = 20
        let progress = terminal.progress(isTerminal: false)
        for _ in 0..<179 {
            terminal.now += 1
            progress.update(position, loss: 0.5)
        }
        let lines = terminal.text.split(separator: "\n")
        #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("teleport  seed 7  epoch 3/5  batch 5/10  75 %") })
        // The line of an epoch counts, too.
        progress.finishEpoch(position, loss: 0.5, text: "done")
        terminal.now += 59
        progress.update(position, loss: 0.5)
        #expect(terminal.text.split(separator: "\n").count == 3)
    }

    @Test func isThrottled() {
        let terminal = Terminal()
        let progress = terminal.progress()
        var reads = 0
        func loss() -> Double {
            reads += 1
            return 1
        }
        for _ in 0..<1000 {
            terminal.now += 0.001
            progress.update(position, loss: loss())
        }
        // One second, ten updates a second, whatever rounding does to the last.
        #expect((9...11).contains(reads))
    }

    @Test func aShorterLineCoversALongerOne() {
        let terminal = Terminal()
        let progress = terminal.progress()
        progress.update(position, loss: 1e-12)
        terminal.now += 1
        progress.update(.init(run: 0, arm: "b", seed: 1, epoch: 1, batch: 1), loss: 1)
        #expect(terminal.screen == ["b  seed 1  epoch 1/5  batch 1/10  1 %  loss 1.000  0:01 elapsed, 1:39 left"])
    }

    @Test func eightyColumnsShowTheTimeLeft() {
        let terminal = Terminal()
        terminal.width = 80
        let progress = terminal.progress()
        terminal.now += 1500
        progress.update(position, loss: 0.1234)
        #expect(terminal.screen == ["teleport  seed 7  epoch 3/5  75 %  loss 0.1234  25:00 elapsed, 8:20 left"])
    }

    @Test func staysOnOneLineOfANarrowTerminal() {
        let terminal = Terminal()
        let progress = terminal.progress()
        progress.update(position, loss: 1)
        terminal.width = 20
        terminal.now += 1
        terminal.text = ""
        progress.update(position, loss: 1)
        #expect(terminal.text == "\rteleport  seed 7  e")
    }

    @Test func messagesStandAboveAndTheEndIsClean() {
        let terminal = Terminal()
        let progress = terminal.progress()
        progress.update(position, loss: 1)
        let line = terminal.screen[0]
        progress.print("a warning")
        #expect(terminal.screen == ["a warning", line])
        progress.finish()
        #expect(terminal.screen == ["a warning", ""])
        let length = terminal.text.count
        progress.finish()
        #expect(terminal.text.count == length)
    }

    @Test func elsewhereThereIsALinePerEpoch() {
        let terminal = Terminal()
        let progress = terminal.progress(isTerminal: false)
        progress.update(position, loss: 1)
        progress.finishEpoch(position, loss: 0.0716, text: "train loss 0.07160, 12.3 s")
        progress.finish()
        #expect(terminal.text == "teleport seed 7 epoch 3/5: train loss 0.07160, 12.3 s\n")
    }

    @Test func quietSaysNothing() {
        for isTerminal in [true, false] {
            let terminal = Terminal()
            let progress = terminal.progress(quiet: true, isTerminal: isTerminal)
            progress.update(position, loss: 1)
            progress.finishEpoch(position, loss: 0.0716, text: "train loss 0.07160, 12.3 s")
            progress.print("a warning")
            progress.finish()
            #expect(terminal.text.isEmpty)
        }
    }

    @Test func theEndOfAnEpochIsShownAtOnce() {
        let terminal = Terminal()
        let progress = terminal.progress()
        progress.update(position, loss: 1)
        progress.finishEpoch(position, loss: 0.0716, text: "train loss 0.07160, 12.3 s")
        #expect(terminal.screen.count == 1)
        #expect(terminal.screen[0].contains("loss 0.07160"))
    }
}
