import Foundation
import Testing

@testable import Torch

/// Tensors release their memory with their last reference. Each test has a process of its own, so that nothing else takes
/// memory meanwhile.
@Suite struct MemoryTests {
    @Test func millionsOfSmallTensorsTakeNoMemory() async {
        await #expect(processExitsWith: .success) {
            let generator = Generator(seed: 0)
            let x = Tensor.normal([2, 2], using: generator)
            func work(_ count: Int) {
                for _ in 0..<count {
                    _ = (x + 1).transposed().clone()
                    _ = gradient(of: x, with: [x])
                }
            }
            work(10_000)
            let before = try residentMegabytes()
            work(250_000)
            let growth = try residentMegabytes() - before
            guard growth < 20 else { fatalError("grew by \(growth) MB") }
        }
    }

    @Test func graphsAreReleased() async {
        await #expect(processExitsWith: .success) {
            let x = Tensor.ones([1000, 1000])
            func work(_ count: Int) {
                for _ in 0..<count {
                    _ = withGradients(of: [x]) {
                        let first = gradient(of: x.tanh().squaredNorm(), with: [x], createGraph: true)[0]
                        return gradient(of: first.squaredNorm(), with: [x])
                    }
                }
            }
            work(3)
            let before = try residentMegabytes()
            work(30)
            let growth = try residentMegabytes() - before
            guard growth < 100 else { fatalError("grew by \(growth) MB") }
        }
    }

    @Test func largeTensorsAreReleasedAtOnce() async {
        await #expect(processExitsWith: .success) {
            // 200 x 50 MB, of which no more than one or two are alive at a time.
            for index in 0..<200 {
                let tensor = Tensor.full([12_500_000], Double(index))
                guard tensor.selected(0, 0).item() == Double(index) else { fatalError("wrong element") }
                let resident = try residentMegabytes()
                guard resident < 500 else { fatalError("reached \(resident) MB") }
            }
        }
    }

    @Test func generatorsAndErrorsAreReleased() async {
        await #expect(processExitsWith: .success) {
            let notANumber = Tensor.full([2, 2], .nan)
            func work(_ count: Int) {
                for seed in 0..<count {
                    let generator = Generator(seed: UInt64(seed))
                    _ = generator.state
                    _ = try? notANumber.symmetricEigen()
                }
            }
            work(1000)
            let before = try residentMegabytes()
            work(20_000)
            let growth = try residentMegabytes() - before
            guard growth < 20 else { fatalError("grew by \(growth) MB") }
        }
    }
}

/// The physical memory of this process.
private func residentMegabytes() throws -> Int {
    #if os(Linux)
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return Int(fields[1])! * Int(sysconf(Int32(_SC_PAGESIZE))) / 1_000_000
    #else
        var information = mach_task_basic_info()
        var count = mach_msg_type_number_t(MemoryLayout<mach_task_basic_info>.size / MemoryLayout<natural_t>.size)
        _ = withUnsafeMutablePointer(to: &information) { pointer in
            pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                task_info(mach_task_self_, task_flavor_t(MACH_TASK_BASIC_INFO), $0, &count)
            }
        }
        return Int(information.resident_size) / 1_000_000
    #endif
}
