import Foundation
import Testing

/// What CONTRIBUTING.md shows is what is compiled and tested here.
@Suite struct ContributingTests {
    private static let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The blocks of code of a language in CONTRIBUTING.md.
    private static func blocks(_ language: String) throws -> [String] {
        try text("CONTRIBUTING.md").components(separatedBy: "```\(language)\n").dropFirst().map { rest in
            String(rest.components(separatedBy: "```")[0])
        }
    }

    @Test("Each example is a compiled file, word for word, and short")
    func swift() throws {
        let folder = Self.root.appending(path: "Tests/ContributingTests/Parts")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let contents = try files.map { try Self.text("Tests/ContributingTests/Parts/\($0)") }
        let blocks = try Self.blocks("swift")
        for (file, content) in zip(files, contents) {
            #expect(blocks.contains(content), "CONTRIBUTING.md does not show \(file) as it is")
            #expect(try Self.text("CONTRIBUTING.md").contains("[\(file)](Tests/ContributingTests/Parts/\(file))"))
            #expect(
                content.split(separator: "\n", omittingEmptySubsequences: false).count <= 31,
                "\(file) has more than 30 lines")
        }
        #expect(blocks.count == files.count && Set(blocks) == Set(contents))
    }

    @Test("The recipe that is shown is one of the recipes")
    func recipe() throws {
        #expect(try Self.blocks("yaml") == [Self.text("Recipes/transformer-language.yaml")])
    }

    @Test("The files, folders and commands that are named exist")
    func names() throws {
        let text = try Self.text("CONTRIBUTING.md")
        let paths = text.matches(of: /\]\(([A-Za-z][A-Za-z0-9_\/.-]*)\)/).map { String($0.1) }
        #expect(paths.count > 10)
        for path in paths {
            #expect(
                FileManager.default.fileExists(atPath: Self.root.appending(path: path).path), "\(path) does not exist")
        }
        let targets = text.matches(of: /\nmake ([a-z]+)/).map { String($0.1) }
        let makefile = try Self.text("Makefile")
        #expect(targets.count > 3)
        for target in targets { #expect(makefile.contains("\n\(target):"), "there is no make \(target)") }
    }
}
