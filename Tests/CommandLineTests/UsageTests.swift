import Foundation
import Testing
import Torch

/// Help, and what the tool answers to options, files and data that are not as they should be.
@Suite struct UsageTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Checks that a command ends with a status and, on standard error, one line that holds all the texts.
    private func expect(
        _ arguments: [String], fails status: Int32, saying texts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try Tool.run(arguments, in: folder.url)
        #expect(result.status == status, "\(arguments)", sourceLocation: sourceLocation)
        #expect(result.output.isEmpty, sourceLocation: sourceLocation)
        #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
        #expect(result.errors.hasPrefix("teleport: "), sourceLocation: sourceLocation)
        for text in texts {
            #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: sourceLocation)
        }
    }

    // MARK: Help

    @Test func explainsItself() throws {
        let general = try Tool.run(["--help"], in: folder.url)
        #expect(general.status == 0 && general.errors.isEmpty)
        #expect(general.output.contains("compare") && general.output.contains("bench"))
        #expect(general.output.contains("Exit status: 0 done, 2 bad usage"))
        #expect(try Tool.run([], in: folder.url).output == general.output)
        for command in ["compare", "bench"] {
            let help = try Tool.run([command, "--help"], in: folder.url)
            #expect(help.status == 0 && help.errors.isEmpty)
            #expect(help.output.contains("Examples:\n  teleport \(command)"))
        }
    }

    @Test func helpTellsTheDefaults() throws {
        let help = try Tool.run(["compare", "--help"], in: folder.url).output
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for text in [
            "default: digits", "default: mlp:1024,1024", "default: sgd", "default: 32", "default: auto",
            "default: share:0.05", "default: lookahead", "default: 1;", "default: float32", "default: cpu",
            "default: closed-form",
        ] {
            #expect(help.contains(text), "\(text)")
        }
    }

    @Test func tellsItsVersion() throws {
        let results = try [["--version"], ["compare", "--version"], ["bench", "--version"]].map {
            try Tool.run($0, in: folder.url)
        }
        #expect(results.allSatisfy { $0.status == 0 && $0.errors.isEmpty && $0.output == results[0].output })
        let lines = results[0].output.split(separator: "\n").map(String.init)
        #expect(lines.count == 3 && lines[0].wholeMatch(of: /teleport [0-9]+\.[0-9]+\.[0-9]+/) != nil)
        let libtorch = try #require(lines[1].wholeMatch(of: /libtorch ([0-9.]+) \((\/.*libtorch_cpu\.so)\)/))
        #expect(String(libtorch.1) == Libtorch.version && FileManager.default.fileExists(atPath: String(libtorch.2)))
        #expect(lines[2] == "CUDA \(CUDASupport.current)")
    }

    // MARK: Options

    @Test(arguments: [
        ("--model", "mlp:0", "give mlp:SIZES"), ("--model", "vgg", "give mlp:SIZES"),
        ("--model", "cnn:16,0", "cnn[:CHANNELS[:ACTIVATION]]"),
        ("--optimizer", "newton", "give sgd, momentum, adagrad, rmsprop, adam, adamw or muon"),
        ("--optimizer", "adam:beta3=0.9", "beta2 (from 0 to below 1)"),
        (
            "--learning-rate", "-1",
            "give a positive number from 1e-30 to 1e30, or leave the option out for the usual one of the optimizer"
        ),
        ("--learning-rate", "fast", "give a positive number"), ("--batch-size", "0", "give an integer of at least 1"),
        ("--epochs", "2.5", "give an integer of at least 1"), ("--dataset", "cifar", "give digits, mnist,"),
        ("--seeds", "0", "give a count such as 3"), ("--method", "beam", "give null-space, symmetry"),
        ("--schedule", "5..<5", "give epochs such as 0-4"),
        ("--warm-up-steps", "-1", "give an integer of at least 0"),
        ("--teleport-batches", "0", "give an integer of at least 1"),
        ("--teleport-batch-size", "x", "give an integer of at least 1"),
        ("--teleport-steps", "-8", "give an integer of at least 1"), ("--step-size", "0.2", "give fixed:ETA"),
        ("--cap", "fixed:-5", "give fixed:CAP"), ("--tau", "1.5", "at most 1"),
        ("--tau", "0", "give a positive number"),
        ("--scope", "epoch", "give batch or dataset"),
        ("--derivative", "forward", "give closed-form, double-backward or published"),
        ("--tolerance", "0", "give a positive number"), ("--optimizer-state", "lose", "give keep, teleport or reset"),
        ("--dtype", "float16", "give float32 or float64"), ("--device", "gpu", "give cpu, cuda or cuda:INDEX"),
        ("--threads", "0", "give an integer from 1 to 1024, or auto"),
        ("--training-samples", "0", "give an integer of at least 1, or leave the option out for all samples"),
        ("--test-samples", "-3", "give an integer of at least 1, or leave the option out for all samples"),
        (
            "--control-samples", "-1",
            "give an integer of at least 0, or leave the option out for what goes with the method"
        ),
        ("--threads", "100000", "give an integer from 1 to 1024"),
        ("--learning-rate", "1e39", "from 1e-30 to 1e30"), ("--learning-rate", "1e-46", "from 1e-30 to 1e30"),
        ("--learning-rate", "1e999", "from 1e-30 to 1e30"),
        ("--step-size", "fixed:1e39", "numbers go from 1e-30 to 1e30"),
        ("--cap", "fixed:1e-46", "numbers go from 1e-30 to 1e30"), ("--tau", "1e-46", "numbers go from 1e-30 to 1e30"),
        ("--method", "null-space:step-size=fixed:1e39", "numbers go from 1e-30 to 1e30"),
        ("--scales", "log-uniform:1e39", "numbers go from 1e-30 to 1e30"),
        ("--model", "mlp:16:leaky-relu(1e39)", "a slope from 1e-30 to 1e30"),
        ("--model", "mlp:16:leaky-relu(-1e-46)", "a slope from 1e-30 to 1e30"),
        ("--optimizer", "adam:epsilon=1e39", "epsilon (from 1e-30 to 1e30)"),
        ("--batch-size", "9223372036854775807", "give an integer of at most 1000000000"),
        ("--batch-size", "9223372036854775808", "give an integer of at most 1000000000"),
        ("--epochs", "1000000000000000000", "give an integer of at most 1000000000"),
        ("--teleport-steps", "1e20", "give an integer of at most 1000000000"),
        ("--warm-up-steps", "9223372036854775807", "give an integer of at most 1000000000"),
        ("--model", "mlp:1000000000", "sizes are at most 1000000"),
        ("--model", "cnn:99999999999999999999", "sizes are at most 1000000"),
        ("--output", "", "name a folder"), ("--data", "", "name a folder"),
        ("--schedule", "4-0", "4-0 goes backwards; give the smaller number first, as 0-4"),
        ("--schedule", "steps:0,4..<1", "4..<1 goes backwards; give the smaller number first, as 1..<4"),
        ("--model", "mlp:1000000,1000000", "two neighbouring sizes may multiply to 1000000000 at most"),
    ])
    func namesTheOptionTheValueAndTheRemedy(option: String, value: String, remedy: String) throws {
        try expect(
            ["compare", option, value], fails: 2, saying: "'\(value)'", option, remedy, "See 'teleport compare --help'")
    }

    @Test(arguments: [
        (
            ["--method", "symmetry", "--model", "cnn"], "--method symmetry: ",
            "take --model mlp:SIZES:leaky-relu, or --method"
        ),
        (["--method", "symmetry", "--model", "mlp:8"], "relu is not bijective", "--group-action approximate"),
        (
            ["--method", "symmetry", "--model", "mlp:8:tanh", "--derivative", "published", "--objective", "lookahead"],
            "--derivative published: ", "take --objective gradient-norm"
        ),
        (["--objective", "curvature", "--model", "mlp:8:tanh"], "--objective curvature: ", "take --method symmetry"),
        (
            ["--method", "symmetry:group-action=approximate", "--objective", "curvature", "--model", "mlp:8"],
            "relu is not bijective", "take --model mlp:SIZES:leaky-relu"
        ),
        (
            ["--method", "random", "--model", "mlp:8:tanh"], "--method gauge, random or equalize: cannot rescale",
            "random:hidden-units=permute"
        ),
        (
            ["--method", "random", "--model", "resnet:4"], "--method gauge, random or equalize: ",
            "--method null-space or level-set"
        ),
        (["--scope", "dataset", "--model", "resnet:4"], "--scope dataset: ", "take --scope batch"),
        (
            ["--objective", "preconditioned-norm", "--optimizer", "muon"], "--objective preconditioned-norm: ",
            "--optimizer sgd, momentum, adagrad, rmsprop, adam or adamw"
        ),
    ])
    func refusesByOptionsWhatTheLibraryCannotDo(options: [String], reason: String, remedy: String) throws {
        try expect(["compare"] + options, fails: 2, saying: reason, remedy)
    }

    @Test func refusesTeleportsAfterTheEndOfTheTraining() throws {
        try expect(
            ["compare", "--schedule", "10", "--epochs", "5", "--training-samples", "320", "--output", "out"], fails: 2,
            saying: "schedule 10: no teleport takes place", "5 epochs and 50 steps", "schedule none")
        #expect(!folder.has("out"))
    }

    @Test(arguments: [("compre", "compare"), ("Inspect", "inspect"), ("repro", "reproduce"), ("benchmark", "bench")])
    func knowsWhichCommandIsMeant(written: String, command: String) throws {
        try expect([written], fails: 2, saying: "'\(written)'", "Did you mean '\(command)'? See 'teleport --help'")
    }

    @Test(arguments: [
        ("--lr", "learning-rate"), ("--bs", "batch-size"), ("--learn-rate", "learning-rate"), ("--gpu", "device"),
        ("--num-epochs", "epochs"), ("--out", "output"), ("--batch", "batch-size"),
        ("--learning_rate", "learning-rate"),
        ("--teleport-step", "teleport-steps"), ("--modle", "model"),
    ])
    func knowsWhichOptionIsMeant(written: String, option: String) throws {
        try expect(
            ["compare", written, "1"], fails: 2,
            saying: "Unknown option '\(written)'. Did you mean '--\(option)'? See 'teleport compare --help'")
    }

    @Test(arguments: [
        ("compare --dataset mnits", "mnist"), ("compare --dataset cifar", "cifar-10"), ("train --model ml:64", "mlp"),
        ("train --model resnt", "resnet"), ("inspect --optimizer adm:beta1=0.9", "adam"),
        ("compare --method gage", "gauge"), ("compare --method null-space+nul-space", "null-space"),
        ("compare --objective lookahed:3", "lookahead"), ("inspect --objective gradientnorm", "gradient-norm"),
        ("compare --cap predict:0.1", "predicted"), ("train --log tensorbord", "tensorboard"),
        ("reproduce st22-figure-22", "st22-figure-2"), ("reproduce --scale papr", "paper"),
        ("bench teleprot", "teleport"), ("learn --arms update+telport", "update+teleport"),
        ("compare --sweep optimizer=sgd,adm", "adam"), ("train --optimizer sdg", "sgd"), ("compar", "compare"),
        ("reprodce", "reproduce"),
    ])
    func knowsWhichNameIsMeant(command: String, name: String) throws {
        let result = try Tool.run(command.split(separator: " ").map(String.init), in: folder.url)
        #expect(result.status == 2 && result.output.isEmpty && result.errorLines.count == 1)
        #expect(result.errors.lowercased().contains("did you mean '\(name)'?"), "\(result.errors)")
        try folder.write("dataset: mnits", to: "options.yaml")
        try expect(
            ["compare", "--config", "options.yaml"], fails: 2, saying: "'dataset: mnits'", "did you mean 'mnist'?")
    }

    @Test func refusesWhatItDoesNotKnow() throws {
        try expect(["compare", "--speed", "9"], fails: 2, saying: "'--speed'", "See 'teleport compare --help'")
        for option in ["--output=", "--data=", "--model="] {
            try expect(["compare", option, "--quiet"], fails: 2, saying: "\(option): the value is empty; give one")
        }
        try expect(["compare", "more"], fails: 2, saying: "'more'", "See 'teleport compare --help'")
        try expect(["compare", "--epochs"], fails: 2, saying: "'--epochs", "See 'teleport compare --help'")
        try expect(
            ["fly"], fails: 2, saying: "'fly'",
            "Give compare, train, apply, learn, lr-find, inspect, reproduce, bench or data",
            "See 'teleport --help'")
        try expect(["bench", "speed"], fails: 2, saying: "'speed'", "train", "See 'teleport bench --help'")
        try expect(["bench", "train", "--repetitions", "0"], fails: 2, saying: "'0'", "give an integer of at least 1")
    }

    @Test(arguments: [
        ("symmetry", "tau", "0.9", "null-space"), ("level-set", "scope", "dataset", "null-space"),
        ("random", "step-size", "fixed:0.2", "null-space, symmetry, level-set or gauge"),
        ("null-space", "group-element", "first-order", "symmetry"),
        // Also where it is given the value that it has by default.
        ("level-set", "tau", "1", "null-space"),
        ("random", "cap", "predicted:0.1", "null-space, symmetry, level-set or gauge"),
        ("random", "line-search", "none", "null-space, symmetry, level-set or gauge"),
        ("symmetry", "hidden-units", "permute", "random"), ("null-space", "step-scaling", "unit", "level-set"),
    ])
    func refusesWhatAMethodDoesNotHeed(method: String, option: String, value: String, remedy: String) throws {
        try expect(
            ["compare", "--method", method, "--\(option)", value], fails: 2, saying: "--\(option)",
            "--method \(method)", "take --method \(remedy)")
    }

    @Test(arguments: [("null-space", "published", "double-backward"), ("symmetry", "double-backward", "published")])
    func refusesADerivativeThatAMethodDoesNotHave(method: String, derivative: String, remedy: String) throws {
        try expect(
            ["compare", "--method", method, "--derivative", derivative], fails: 2, saying: "--derivative \(derivative)",
            "--method \(method)", "give closed-form or \(remedy)")
    }

    @Test func refusesAModelThatTheImagesAreTooSmallFor() throws {
        try expect(
            ["compare", "--model", "cnn:8,8,8,8,8", "--output", "out"], fails: 2, saying: "cnn:8,8,8,8,8", "28 x 28",
            "no more than 4")
        #expect(!folder.has("out"))
    }

    @Test func refusesAFolderThatItCannotWriteTo() throws {
        try folder.write("", to: "file")
        try expect(["compare", "--output", "file"], fails: 2, saying: "--output", "file", "name")
        try expect(
            ["compare", "--output", "file/below"], fails: 2, saying: "--output", "file/below", "(Not a directory)",
            "name")
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("out/summary.json"), withIntermediateDirectories: true)
        try expect(
            ["compare", "--output", "out", "--overwrite"], fails: 2, saying: "--output",
            "out/summary.json: Is a directory")
        try expect(
            ["reproduce", "st22-figure-7", "--output", "/proc", "--overwrite"], fails: 2, saying: "--output /proc",
            "No such file",
            "name another folder")
    }

    @Test(arguments: [
        "compare", "compare --sweep optimizer=sgd,adam", "train", "inspect", "learn", "reproduce st22-figure-7",
    ])
    func refusesAFolderThatHasSomethingInIt(command: String) throws {
        try folder.write("mine", to: "out/notes.txt")
        let arguments = command.split(separator: " ").map(String.init)
        try expect(
            arguments + ["--output", "out"], fails: 2, saying: "--output", "out: is not empty (it has notes.txt)",
            "name another folder, or give --overwrite")
    }

    @Test(arguments: [
        (["compare"], "summary.json"), (["inspect"], "inspection.json"),
        (["reproduce", "st22-figure-7"], "reproduction.json"),
    ])
    func keepsTheResultsOfAnEarlierRun(command: [String], record: String) throws {
        try folder.write("earlier", to: "out/\(record)")
        try expect(
            command + ["--output", "out"], fails: 2, saying: "--output", "out: holds \(record)", "name another folder",
            "--overwrite")
        #expect(
            try String(contentsOf: folder.url.appendingPathComponent("out/\(record)"), encoding: .utf8) == "earlier")
    }

    @Test func replacesTheResultsOfAnEarlierRunWhereItIsToldTo() throws {
        try folder.write("earlier", to: "out/reproduction.json")
        let result = try Tool.run(
            ["reproduce", "st22-figure-7", "--output", "out", "--overwrite", "--quiet"], in: folder.url, path: "")
        #expect(result.status == 0)
        let text = try String(contentsOf: folder.url.appendingPathComponent("out/reproduction.json"), encoding: .utf8)
        #expect(text.contains("st22-figure-7"))
    }

    // MARK: Configuration files

    @Test func refusesAConfigurationFileThatIsMissing() throws {
        try expect(["compare", "--config", "none.yaml"], fails: 2, saying: "none.yaml", "name an existing YAML file")
        try expect(["compare", "--config"], fails: 2, saying: "--config", "name a YAML file")
        try expect(["compare", "--config", "."], fails: 2, saying: "--config .: is a folder", "name a YAML file")
        try expect(["compare", "--config", ""], fails: 2, saying: "--config", "name a YAML file")
    }

    @Test func refusesAConfigurationFileThatIsNone() throws {
        try Data([0x7F, 0x45, 0x4C, 0x46, 0]).write(to: folder.url.appendingPathComponent("binary"))
        try Data([0x66, 0xFF, 0xFE]).write(to: folder.url.appendingPathComponent("latin"))
        for name in ["binary", "latin"] {
            try expect(["compare", "--config", name], fails: 2, saying: "--config \(name): is not text", "UTF-8")
        }
        try folder.write("model: " + String(repeating: "x", count: 2 << 20), to: "large.yaml")
        try expect(["inspect", "--config", "large.yaml"], fails: 2, saying: "--config large.yaml: has more than 1 MB")
        try expect(["compare", "--config", "/dev/zero"], fails: 2, saying: "--config /dev/zero: has more than 1 MB")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0], ofItemAtPath: folder.url.appendingPathComponent("large.yaml").path)
        guard getuid() != 0 else { return }
        try expect(["compare", "--config", "large.yaml"], fails: 2, saying: "cannot be read (Permission denied)")
    }

    /// Each level stands for nine of the one below: fully written out, more than fits into memory.
    @Test(arguments: [
        "model: *f", "? *f\n: 5", "{*f: 5}", "{\"model\":*f}", "<<: *f", "schedule: [*f]", "- *f",
        "epochs: 3 # a comment\nseeds: *f",
    ])
    func refusesAliases(use: String) throws {
        var lines = ["# it's *no alias", "a: &a [x, x]"]
        for (name, base) in zip("bcdef", "abcde") {
            lines.append("\(name): &\(name) [\(Array(repeating: "*\(base)", count: 9).joined(separator: ", "))]")
        }
        try folder.write(use.replacing("*f", with: "*x"), to: "use.yaml")
        try expect(
            ["compare", "--config", "use.yaml"], fails: 2, saying: "'*x' stands for what is elsewhere", "write it out")
        try folder.write(lines.joined(separator: "\n") + "\n" + use, to: "bomb.yaml")
        try expect(["compare", "--config", "bomb.yaml"], fails: 2, saying: "bomb.yaml: line 3: '*a' stands for")
    }

    @Test(arguments: ["output: a *b", "output: 'a, *b'", "output: a*b", "output: \"*b\"", "output: b # *c"])
    func takesStarsThatAreNoAliases(yaml: String) throws {
        try folder.write(yaml + "\nepochs: 0", to: "options.yaml")
        try expect(["compare", "--config", "options.yaml"], fails: 2, saying: "'epochs: 0'")
    }

    @Test func keepsMessagesShortWhateverIsGiven() throws {
        let long = String(repeating: "7,", count: 50_000) + "x"
        try folder.write("seeds: '\(long)'", to: "options.yaml")
        for arguments in [["--seeds", long], ["--config", "options.yaml"], ["--\(long)", "1"], [long]] {
            let result = try Tool.run(["compare"] + arguments, in: folder.url)
            #expect(result.status == 2 && result.errorLines.count == 1 && result.errors.count < 1500)
        }
    }

    @Test(arguments: [
        ("a: [1", ["is not YAML"]), ("- epochs", ["give one option a line"]), ("", ["give one option a line"]),
        ("5", ["give one option a line"]), ("epochs: 5\nepochs: 6", ["is not YAML"]),
        ("config: other.yaml", ["'config'", "remove it"]),
        ("learning-rate: -1", ["'learning-rate: -1': give a positive number"]),
        ("epochs: many", ["'epochs: many': give an integer of at least 1. See 'teleport compare --help'"]),
        ("epochs:", ["'epochs' has no value"]), ("epochs: true", ["'epochs: true': give an integer of at least 1"]),
        ("optimizer-state: lose", ["'optimizer-state: lose': give keep, teleport or reset"]),
        ("quiet: 5", ["'quiet: 5': give true or false"]), ("overwrite: [5]", ["'overwrite: [5]': give true or false"]),
        // Values that are made of others.
        ("seeds: [1, [2]]", ["'seeds: [1, [2]]': give a count"]), ("seeds: []", ["'seeds: []': give a count"]),
        ("model: {a: 1}", ["'model: {a: 1}': give mlp:SIZES"]),
        ("output: {a: [1]}", ["'output: {a: [1]}': give one value"]),
        ("method: {name: null-space}", ["'method: {name: null-space}': give null-space, symmetry"]),
        ("method: [null-space, symmetry]", ["'method: [null-space, symmetry]': give null-space, symmetry"]),
        ("[a, b]: 1", ["write 'option: value'"]), ("seeds: [4, 4]", ["'seeds: [4, 4]': give", "different seeds"]),
        // Names that there are not.
        ("epoch: 9", ["Unknown option 'epoch'. Did you mean 'epochs'?"]),
        ("learning_rate: 9", ["Unknown option 'learning_rate'. Did you mean 'learning-rate'?"]),
        ("--epochs: 5", ["'--epochs': write 'epochs'"]), ("--epoch: 5", ["'--epoch'. Did you mean 'epochs'?"]),
        ("weather: 9", ["Unknown option 'weather'. See 'teleport compare --help'"]),
        ("help: true", ["Unknown option 'help'"]),
        ("help: false", ["Unknown option 'help'"]), ("lr: 0.1", ["'lr'. Did you mean 'learning-rate'?"]),
        ("output: ''", ["'output' has no value; give one"]), ("model: \"\"\nquiet: true", ["'model' has no value"]),
        ("batch-size: 1e30", ["at most 1000000000"]),
        ("learning-rate: 1e39", ["from 1e-30 to 1e30"]),
        ("version: 2", ["Unknown option 'version'"]),
        // What does not go together.
        (
            "method: symmetry\ntau: 0.9",
            ["options.yaml: tau: method symmetry does not heed it", "take method null-space"]
        ),
        ("method: symmetry", ["options.yaml: method symmetry: the exact group action", "--group-action approximate"]),
        ("model: cnn:8,8,8,8,8", ["options.yaml: model cnn:8,8,8,8,8: halves the images"]),
    ])
    func namesTheConfigurationFile(yaml: String, texts: [String]) throws {
        try folder.write(yaml, to: "options.yaml")
        let result = try Tool.run(["compare", "--config=options.yaml"], in: folder.url)
        #expect(result.status == 2 && result.output.isEmpty && result.errorLines.count == 1)
        #expect(result.errors.hasPrefix("teleport: options.yaml: "), "\(result.errors)")
        for text in texts { #expect(result.errors.contains(text), "\(result.errors)") }
    }

    @Test func namesTheFileWhereItDoesNotGoWithTheCommandLine() throws {
        try folder.write("tau: 0.9", to: "options.yaml")
        try expect(
            ["compare", "--config", "options.yaml", "--method", "symmetry"], fails: 2,
            saying: "options.yaml: tau: --method symmetry does not heed it")
        try expect(
            ["compare", "--config", "options.yaml", "--method", "symmetry:group-action=exact", "--tau", "0.9"],
            fails: 2,
            saying: "teleport: --tau: --method symmetry does not heed it")
    }

    @Test func takesOneConfigurationFile() throws {
        try folder.write("epochs: 3", to: "options.yaml")
        try expect(
            ["compare", "--config", "options.yaml", "--config=other.yaml"], fails: 2,
            saying: "--config other.yaml: there is --config options.yaml already; give one file")
    }

    /// Also where the file alone would be wrong.
    @Test(arguments: ["epochs: 3", "group-action: approximate"])
    func blamesTheCommandLineForItsOwnMistakes(yaml: String) throws {
        try folder.write(yaml, to: "options.yaml")
        let result = try Tool.run(
            ["compare", "--config", "options.yaml", "--method", "symmetry", "--epochs", "0"], in: folder.url)
        #expect(result.status == 2 && !result.errors.contains("options.yaml"))
        #expect(result.errors.contains("'0' is invalid for '--epochs"))
    }

    // MARK: Data

    @Test func namesTheDataThatAreMissing() throws {
        try expect(
            ["compare", "--dataset", "mnist", "--data", "nowhere"], fails: 3, saying: "'mnist'", "nowhere/mnist",
            "train-images-idx3-ubyte", "--data")
        // Without --data it is the folder for caches.
        try expect(
            ["compare", "--dataset", "fashion-mnist"], fails: 3, saying: folder.url.lastPathComponent, "fashion-mnist")
    }

    @Test func saysWhatIsWrongWithTheDataFolder() throws {
        try folder.write("", to: "file")
        try expect(
            ["compare", "--dataset", "etth1", "--data", "file"], fails: 3, saying: "the data folder", "file is a file")
        try folder.write("0,1\n", to: "data/etth1/ETTh1.txt")
        try expect(
            ["inspect", "--dataset", "etth1", "--data", "data"], fails: 3, saying: "lacks ETTh1.csv",
            "data/etth1 has ETTh1.txt")
    }

    /// What a file says has been read when the data are looked for.
    @Test(arguments: [
        "# nothing yet\n", "\u{feff}# nothing yet\n", "\u{feff}dataset: etth1\n", "\u{feff}dataset: etth1\r\n",
    ])
    func takesConfigurationFilesOfCommentsAndWithMarks(yaml: String) throws {
        try folder.write(yaml, to: "options.yaml")
        try expect(
            ["inspect", "--config", "options.yaml", "--data", "none"]
                + (yaml.contains("etth1") ? [] : ["--dataset", "etth1"]),
            fails: 3, saying: "data set 'etth1' not found: the data folder")
    }

    @Test func namesTheFileThatIsDamaged() throws {
        for name in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
            try folder.write("no images", to: "data/mnist/\(name)-ubyte")
        }
        try expect(
            ["compare", "--dataset", "mnist", "--data", "data"], fails: 3, saying: "data/mnist/train-images-idx3-ubyte",
            "download")
    }
}
