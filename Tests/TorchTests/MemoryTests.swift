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

    @Test func freedMemoryIsKept() async {
        await #expect(processExitsWith: .success) {
            guard Heap.keepFreedMemory() else { return }
            // 80 MB at a time, by tensors of 8 MB.
            func work() { _ = (0..<10).map { Tensor.full([2_000_000], Double($0), dtype: .float32) } }
            for _ in 0..<3 { work() }
            let before = faults()
            for _ in 0..<20 { work() }
            let pages = (faults() - before) / 20
            guard pages < 5000 else { fatalError("\(pages) pages were cleared for 20,000 of tensors") }
            // Larger ones go at once.
            for _ in 0..<5 { _ = Tensor.full([25_000_000], 1) }
            let resident = try residentMegabytes()
            guard resident < 350 else { fatalError("\(resident) MB stayed") }
            Heap.trim()
            let trimmed = try residentMegabytes()
            guard trimmed < resident - 50 else { fatalError("\(trimmed) of \(resident) MB stayed") }
        }
    }

    @Test(
        "Settings of the environment for glibc's heap stand",
        arguments: [("MALLOC_TRIM_THRESHOLD_", "131072"), ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=8")])
    func settingsOfTheHeapStand(name: String, value: String) async {
        await #expect(processExitsWith: .success) { [name, value] in
            setenv(name, value, 1)
            guard !Heap.keepFreedMemory() else { fatalError("\(name) was not heeded") }
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

/// The pages that the system has given to this process so far.
private func faults() -> Int {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return usage.ru_minflt
}
