import Foundation
import Testing

@testable import Torch

@Suite struct MappingTests {
    /// A file of the bytes, without a name, that is closed after the call.
    private func withFile<Result>(of bytes: [UInt8], _ body: (Int32) throws -> Result) throws -> Result {
        let file = try #require(tmpfile())
        defer { fclose(file) }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fflush(file)
        return try body(fileno(file))
    }

    @Test func theElementsAreThoseOfTheFile() throws {
        let values: [Float] = [1, -2, 3, 0.5, 7, 8]
        let bytes = values.withUnsafeBytes { [UInt8]($0) } + [99]
        let tensor = try withFile(of: bytes) { try Tensor(mapping: $0, shape: [2, 3], dtype: .float32) }
        // The file is closed and has no name by now.
        #expect(tensor.shape == [2, 3])
        #expect(tensor.elements() == values)
        #expect((tensor * 2).elements() == values.map { 2 * $0 })
    }

    @Test func viewsKeepTheMapping() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let view = try withFile(of: bytes) {
            try Tensor(mapping: $0, shape: [1000, 100], dtype: .uint8).narrowed(0, to: 900..<1000)
        }
        #expect(view.elements() == Array(bytes[90_000...]))
        #expect(
            view.gathered(0, Tensor([99, 0] as [Int64])).elements() == Array(bytes[99_900...] + bytes[90_000..<90_100]))
    }

    @Test func laterWritesToTheFileAreSeen() throws {
        try withFile(of: [1, 2, 3, 4]) { descriptor in
            let tensor = try Tensor(mapping: descriptor, shape: [4], dtype: .uint8)
            #expect(pwrite(descriptor, [9 as UInt8], 1, 2) == 1)
            #expect(tensor.elements() == [1, 2, 9, 4] as [UInt8])
        }
    }

    @Test func refusesAFileThatIsTooShort() throws {
        try withFile(of: [UInt8](repeating: 0, count: 23)) { descriptor in
            let error = #expect(throws: TorchError.self) {
                try Tensor(mapping: descriptor, shape: [2, 3], dtype: .float32)
            }
            #expect(error?.description == "23 bytes in the file, 24 needed for shape [2, 3] of float32")
        }
    }

    @Test func refusesWhatIsNoFile() {
        let error = #expect(throws: TorchError.self) { try Tensor(mapping: -1, shape: [1], dtype: .uint8) }
        #expect(error?.description == String(cString: strerror(EBADF)))
    }

    @Test func writingEndsTheProgram() async {
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            let file = tmpfile()!
            fwrite([1, 2, 3] as [UInt8], 1, 3, file)
            fflush(file)
            try Tensor(mapping: fileno(file), shape: [3], dtype: .uint8).fill(0)
        }
    }

    /// Mappings that were not given back would soon exceed what a process may have (65,530 on Linux).
    @Test func mappingsAreGivenBack() throws {
        try withFile(of: [5]) { descriptor in
            for _ in 0..<100_000 { _ = try Tensor(mapping: descriptor, shape: [1], dtype: .uint8) }
        }
    }
}
