import Experiments
import Teleportation
import Testing
import TextForms

@testable import teleport

@Suite("Every setting of every method is an option") struct TeleportOptionTests {
    /// Texts of which each setting takes one that is not its default.
    private static let texts = ["0.5", "3", "none", "fixed:3", "lookahead", "log-uniform:3"]

    /// A method as it is named, with an operand where it takes one.
    private func text(of method: TeleportMethod) -> String {
        method.rawValue + (method.teleporter.operandName.map { ":\($0)" } ?? "")
    }

    /// What must be given with an option for it to be heeded.
    private func companion(of option: String, _ method: TeleportMethod) -> [String] {
        method.teleporter.companion(of: option).map { ["--\($0.name)", $0.value] } ?? []
    }

    private static let uses = TeleportOption.all.flatMap { option in
        option.methods.map { (option: option.name, method: $0.method, standard: $0.standard) }
    }

    /// What a teleporter that the command line asks for is set to.
    private func text(of option: String, _ arguments: [String]) throws -> String {
        let teleporter = try Compare.parse(arguments).teleportation.plan().teleporter
        return try #require((teleporter as? any TextualTeleporter)?.settingTexts.first { $0.name == option }).text
    }

    @Test("Settings behind the method and options are one list, in the settings' own order")
    func oneList() throws {
        let method = ["--method", "null-space:line-search=armijo,cap=fixed:7", "--objective", "gradient-norm"]
        // Armijo's is the default of a look ahead, and is given all the same.
        #expect(try text(of: "line-search", method) == "armijo" && text(of: "cap", method) == "fixed:7")
        #expect(try text(of: "step-size", method) == "growth:0.5")
        #expect(try text(of: "teleport-steps", method + ["--teleport-steps", "6"]) == "6")
        let levelSet = ["--method", "level-set:objective=lookahead", "--objective", "gradient-norm"]
        #expect(try text(of: "line-search", levelSet) == "armijo")
    }

    @Test("Each method of a sequence takes the options that mean something to it, and one has to")
    func sequence() throws {
        func text(_ arguments: [String]) throws -> String {
            "\(try Compare.parse(arguments).teleportation.plan().teleporter)"
        }
        #expect(
            try text(["--method", "level-set+null-space", "--lookahead-step", "held"])
                == "level-set+null-space:lookahead-step=held")
        #expect(throws: (any Error).self) { try text(["--method", "level-set", "--lookahead-step", "held"]) }
        #expect(throws: (any Error).self) {
            try text(["--method", "level-set+symmetry", "--model", "mlp:8:tanh", "--lookahead-step", "held"])
        }
        #expect(throws: (any Error).self) {
            try text(["--method", "level-set+null-space", "--lookahead-step", "kept"])
        }
    }

    @Test("It takes the setting's default", arguments: uses)
    func takesTheDefault(option: String, method: TeleportMethod, standard: String) throws {
        let arguments = ["--method", text(of: method), "--\(option)", standard]
        #expect(try text(of: option, arguments + companion(of: option, method)) == standard)
    }

    @Test("What is given is set", arguments: uses)
    func setsWhatIsGiven(option: String, method: TeleportMethod, standard: String) throws {
        let candidates = TeleportOption.named(option).choices + Self.texts
        let other = candidates.first { candidate in
            var teleporter: any TextualTeleporter = method.teleporter.standard(heeding: option)
            do throws(TextError) { try teleporter.set(option, to: candidate) } catch { return false }
            return teleporter.settingTexts.contains {
                $0.name == option && $0.text == candidate && candidate != standard
            }
        }
        let given = try #require(other)
        let arguments = ["--method", text(of: method), "--\(option)", given]
        #expect(try text(of: option, arguments + companion(of: option, method)) == given)
    }

    @Test("What an objective brings along can be swept over with it")
    func sweepsWhatAnObjectiveBrings() throws {
        let sweep = ["--sweep", "random-directions=2,4"]
        let command = try Compare.parse(["--objective", "sharpness"] + sweep)
        #expect(command.sweep?.values == ["2", "4"])
    }

    @Test("What only another objective heeds is refused, and not recorded")
    func numbersOfAnObjective() throws {
        let error = #expect(throws: (any Error).self) { try Compare.parse(["--displacements", "0.1/-0.2"]) }
        #expect(Compare.message(for: try #require(error)).contains("objective sharpness"))
        let sharpness = ["--objective", "sharpness", "--displacements", "-0.2/0.1", "--random-directions", "3"]
        #expect(try text(of: "displacements", sharpness) == "-0.2/0.1")
        let teleporter = try Compare.parse(sharpness).teleportation.plan().teleporter
        #expect("\(teleporter)" == "null-space:objective=sharpness,displacements=-0.2/0.1,random-directions=3")
        let values = TeleportOption.values(of: NullSpaceTeleporter())
        #expect(values["objective"] != nil && values["displacements"] == nil && values["random-directions"] == nil)
    }
}
