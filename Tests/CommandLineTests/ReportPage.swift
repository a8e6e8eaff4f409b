import Foundation
import TestSupport
import Testing

extension TemporaryFolder {
    /// The page that a run wrote into a folder, which needs nothing beside it.
    func report(in name: String = "out") throws -> ParsedPage {
        let page = try ParsedPage(Data(contentsOf: url.appendingPathComponent("\(name)/report.html")))
        #expect(page.faults.isEmpty, "\(page.faults)")
        return page
    }
}
