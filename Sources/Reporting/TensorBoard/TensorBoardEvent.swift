import Foundation

/// Numbers that were measured at one step, as TensorBoard shows them: an `Event` of its protocol with a `Summary`.
///
/// The messages, of TensorFlow's event.proto and summary.proto, and the fields that are used of them:
///
///     Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 }
///     Summary { repeated Value value = 1 }
///     Value   { string tag = 1; float simple_value = 2 }
package struct TensorBoardEvent: Equatable, Sendable {
    /// When it was measured, in seconds since 1970.
    package var wallTime: Double
    /// The training step.
    package var step: Int
    /// The numbers, each under its tag.
    package var scalars: [Scalar]

    /// A number and what it is.
    package struct Scalar: Equatable, Sendable {
        /// What it is, as `loss/train`; what comes before the slash names the group of charts.
        package var tag: String
        /// The number.
        package var value: Float

        /// A number under a tag.
        package init(_ tag: String, _ value: Double) {
            self.tag = tag
            self.value = Float(value)
        }
    }

    /// An event at a step.
    package init(wallTime: Double, step: Int, scalars: [Scalar]) {
        self.wallTime = wallTime
        self.step = step
        self.scalars = scalars
    }
}

extension TensorBoardEvent {
    /// The event as a record of a file.
    package var record: Data {
        let summary = ProtocolBuffer(
            scalars.map { scalar in
                let value = ProtocolBuffer([
                    (1, .bytes(Data(scalar.tag.utf8))), (2, .fixed32(scalar.value.bitPattern)),
                ])
                return (1, .bytes(value.data))
            })
        let event = ProtocolBuffer([
            (1, .fixed64(wallTime.bitPattern)), (2, .variable(UInt64(bitPattern: Int64(step)))),
            (5, .bytes(summary.data)),
        ])
        return TFRecord.framed(event.data)
    }

    /// The record that a file begins with, which says what is in it.
    package static func firstRecord(wallTime: Double) -> Data {
        TFRecord.framed(
            ProtocolBuffer([(1, .fixed64(wallTime.bitPattern)), (3, .bytes(Data("brain.Event:2".utf8)))]).data)
    }

    /// The events with numbers that a file begins with, up to the first that is torn or damaged.
    package static func events(in file: Data) -> [TensorBoardEvent] {
        TFRecord.records(in: file).compactMap(TensorBoardEvent.init(message:))
    }

    /// The event of a message; nil if it has no numbers.
    private init?(message: Data) {
        guard let message = ProtocolBuffer(message) else { return nil }
        self.init(wallTime: 0, step: 0, scalars: [])
        for field in message.fields {
            switch field {
            case (1, .fixed64(let bits)): wallTime = Double(bitPattern: bits)
            case (2, .variable(let number)): step = Int(truncatingIfNeeded: number)
            case (5, .bytes(let summary)):
                for case (1, .bytes(let value)) in ProtocolBuffer(summary)?.fields ?? [] {
                    if let scalar = Scalar(message: value) { scalars.append(scalar) }
                }
            default: break
            }
        }
        if scalars.isEmpty { return nil }
    }
}

extension TensorBoardEvent.Scalar {
    /// The number of a message; nil if it is something else.
    fileprivate init?(message: Data) {
        var (tag, value): (String?, Float?)
        for field in ProtocolBuffer(message)?.fields ?? [] {
            switch field {
            case (1, .bytes(let text)): tag = String(decoding: text, as: UTF8.self)
            case (2, .fixed32(let bits)): value = Float(bitPattern: bits)
            default: break
            }
        }
        guard let tag, let value else { return nil }
        (self.tag, self.value) = (tag, value)
    }
}
