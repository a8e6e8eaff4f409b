import Foundation
import Torch

extension Summary {
    /// Where and with what a comparison ran: what a reader needs to judge its times.
    package struct Environment: Codable, Equatable, Sendable {
        /// The version of this library.
        package var version: String
        /// The version of libtorch.
        package var libtorchVersion: String
        /// How many threads computed, in each process.
        package var threads: Int
        /// How many processes trained together; nil, and absent from the JSON, where one did alone.
        package var processes: Int?
        /// The device of the tensors, such as `cpu`.
        package var device: String
        /// The data type of the parameters, such as `float32`.
        package var dtype: String
        /// How many processors there were for the process; nil, and absent from the JSON, where nobody counted.
        package var processors: Int?
        /// The share of the time that the threads, ready to run, waited for a processor that others were on; near zero on a quiet
        /// machine, and nil, and absent from the JSON, where it is not known.
        package var processorWait: Double?
        /// The name of the host's processor.
        package var processor: String
        /// When the comparison started; ISO 8601, in whole seconds, in the JSON.
        package var date: Date

        /// An environment; the processor is this host's and the date is now unless given.
        package init(
            version: String, libtorchVersion: String, threads: Int, device: String, dtype: String,
            processes: Int? = nil, processors: Int? = nil, processorWait: Double? = nil,
            processor: String = Environment.hostProcessor(), date: Date = Date()
        ) {
            self.version = version
            self.libtorchVersion = libtorchVersion
            self.threads = threads
            self.device = device
            self.dtype = dtype
            self.processes = processes
            self.processors = processors
            self.processorWait = processorWait
            self.processor = processor
            self.date = date
        }

        /// That of a training in this process.
        ///
        /// - Parameters:
        ///   - training: What was trained.
        ///   - watch: What watched how busy the machine was.
        ///   - date: When it started.
        ///   - processes: How many processes trained it together; nil for one alone.
        init(of training: TrainingConfiguration, watch: ProcessorWatch, date: Date, processes: Int? = nil) {
            self.init(
                version: Library.version, libtorchVersion: Libtorch.version, threads: Libtorch.threadCount,
                device: training.device.description, dtype: "\(training.dtype)", processes: processes,
                processors: Processors().count, processorWait: watch.waitingShare, date: date)
        }

        /// The name of this host's processor, or its architecture where the system does not tell.
        package static func hostProcessor() -> String {
            #if os(macOS)
                var size = 0
                sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0)
                var bytes = [UInt8](repeating: 0, count: size)
                if size > 0, sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0 {
                    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
            #else
                let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
                if let name = processorName(in: information) { return name }
            #endif
            #if arch(arm64)
                return "arm64"
            #else
                return "x86_64"
            #endif
        }

        /// The name of the first processor in the text of `/proc/cpuinfo`; nil where it names none, as on many ARM
        /// systems.
        static func processorName(in information: String) -> String? {
            for line in information.split(separator: "\n") where line.hasPrefix("model name") {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let name = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                if !name.isEmpty { return name }
            }
            return nil
        }
    }
}
