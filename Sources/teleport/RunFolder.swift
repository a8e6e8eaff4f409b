import ArgumentParser
import Experiments
import Foundation
import Reporting

extension OutputOptions {
    /// The folder of a run that can be gone on with: that of the run, or one that holds none yet.
    ///
    /// - Parameters:
    ///   - resume: The folder of the run to go on with, as the user named it; nil to begin one.
    ///   - job: What the name of a new folder begins with.
    ///   - record: The file that every run writes in the end.
    func results(resuming resume: String?, else job: String, record: String) throws -> Results {
        if let resume { return try Results(in: resume, else: job, record: record, overwrites: true) }
        if let output, !overwrite {
            let folder = TrainingFolder(URL(fileURLWithPath: output, isDirectory: true))
            guard !FileManager.default.fileExists(atPath: folder.options.path) else {
                throw Results.Failure(
                    description:
                        "--output \(output): holds an earlier run; go on with it by --resume, name another folder, or give "
                        + "--overwrite")
            }
        }
        return try results(else: job, record: record)
    }

    /// The folder, where processes that are started anew find a run in it to go on with.
    var resumable: String? {
        output.flatMap {
            let folder = TrainingFolder(URL(fileURLWithPath: $0, isDirectory: true))
            return FileManager.default.fileExists(atPath: folder.options.path) ? $0 : nil
        }
    }

    /// Refuses a place for the results of a run that has one.
    ///
    /// - Parameter resume: The folder of the run to go on with, if there is one.
    func check(resuming resume: String?) throws {
        guard resume != nil, output != nil || overwrite else { return }
        throw ValidationError(
            "--resume: the results go to the folder of the run; leave \(overwrite ? "--overwrite" : "--output") out")
    }
}
