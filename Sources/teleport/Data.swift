import ArgumentParser
import Datasets
import Downloads
import Experiments
import Foundation
import Reporting
import TextForms

/// `teleport data`.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "List data sets, show where their files are, check them and download them.",
        discussion: """
            Examples:
              teleport data list
              teleport data download mnist cifar-10 --data DIR
              teleport data verify --data DIR
            """,
        subcommands: [DataList.self, DataWhere.self, DataVerify.self, DataDownload.self])
}

/// The folder that the commands are about.
struct DataFolderOptions: ParsableArguments {
    @Option(
        help: "The folder with one subfolder for each data set; by default $TELEPORT_DATA, else the user's cache.",
        naming: "folder", .directory)
    var data: String?

    var catalog: Catalog {
        data.map { Catalog(folder: URL(fileURLWithPath: $0, isDirectory: true)) } ?? Catalog()
    }
}

/// What is printed as a table for people, or as JSON for programs.
struct ListingOptions: ParsableArguments {
    @Flag(help: "Print a JSON array instead of a table.")
    var json = false

    /// Prints one of the two.
    ///
    /// - Throws: `Results.Failure`, as there is nothing but what is printed.
    func show(_ table: @autoclosure () -> String, _ values: @autoclosure () -> [JSONValue]) throws {
        if let failure = Console.show(json ? try JSONValue.array(values()).printed() : table()) {
            throw Results.Failure.unwritableOutput(failure)
        }
    }
}

/// `teleport data list`.
struct DataList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the data sets: what is downloaded, under which licence, and what is there."
    )

    @OptionGroup var folder: DataFolderOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        let catalog = folder.catalog
        let table = Table(
            columns: [
                .init("data set", alignment: .left), .init("download"), .init("licence", alignment: .left),
                .init("there", alignment: .left), .init("published at", alignment: .left),
            ],
            rows: DatasetName.allCases.map { name in
                guard let source = name.source else { return [name.text, "", "", "generated"] }
                return [
                    name.text, source.size.bytesText, source.licence ?? "not stated", presence(of: name, in: catalog),
                    source.page,
                ]
            })
        let checksums = "\nAll files have SHA-256 checksums; --json shows them, and the addresses."
        try listing.show("\(table)\n\(checksums)", DatasetName.allCases.map { json(of: $0, in: catalog) })
    }

    private func presence(of name: DatasetName, in catalog: Catalog) -> String {
        guard let location = catalog.location(of: name) else { return "generated" }
        return location.isComplete ? "yes" : location.isEmpty ? "no" : "in part"
    }

    private func json(of name: DatasetName, in catalog: Catalog) -> JSONValue {
        guard let source = name.source else { return ["name": .string(name.text), "there": "generated"] }
        return [
            "name": .string(name.text), "there": .string(presence(of: name, in: catalog)),
            "bytes": .integer(source.size),
            "licence": source.licence.map(JSONValue.string) ?? .null, "page": .string(source.page),
            "files": .array(
                source.files.map { file in
                    [
                        "name": .string(file.name), "bytes": .integer(file.size), "sha256": .string(file.checksum),
                        "contentSHA256": file.contentChecksum.map(JSONValue.string) ?? .null,
                        "addresses": .array(file.mirrors.map { .string($0 + file.name) }),
                    ]
                }),
        ]
    }
}

/// `teleport data where`.
struct DataWhere: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "where", abstract: "Show where the files are looked for, and which are there.")

    @Argument(help: "The data sets; all unless given.")
    var names: [DatasetName] = []

    @OptionGroup var folder: DataFolderOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        let locations = names.orAll.compactMap { name in folder.catalog.location(of: name).map { (name, $0) } }
        let table = Table(
            columns: [
                .init("data set", alignment: .left), .init("file", alignment: .left), .init("where", alignment: .left),
            ],
            rows: locations.flatMap { name, location in
                location.isEmpty
                    ? [[name.text, "", "missing; belongs in \(location.folder.path)"]]
                    : location.parts.map {
                        [name.text, $0.name, $0.url?.path ?? "missing; belongs in \(location.folder.path)"]
                    }
            })
        try listing.show(
            "\(table)",
            locations.map { name, location in
                [
                    "name": .string(name.text), "folder": .string(location.folder.path),
                    "candidates": .array(location.candidates.map { .string($0.path) }),
                    "files": .array(
                        location.parts.map {
                            ["name": .string($0.name), "path": ($0.url?.path).map(JSONValue.string) ?? .null]
                        }),
                ]
            })
    }
}

/// `teleport data verify`.
struct DataVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check files: by their checksums where these are known, else by reading them whole.",
        discussion: """
            The exit status is 3 where something is altered, or a data set that was asked for is not whole.
            """)

    @Argument(help: "The data sets; those of which there is something unless given.")
    var names: [DatasetName] = []

    @OptionGroup var folder: DataFolderOptions
    @OptionGroup var listing: ListingOptions

    func run() throws {
        let catalog = folder.catalog
        let verifications = names.orAll.map { Verification(of: $0, in: catalog) }
            .filter { !$0.files.isEmpty && (!names.isEmpty || !$0.isEmpty) }
        if verifications.isEmpty, !listing.json {
            Console.show("nothing to check in \(catalog.folder.path)")
            return
        }
        let table = Table(
            columns: [
                .init("data set", alignment: .left), .init("file", alignment: .left), .init("state", alignment: .left),
                .init("", alignment: .left),
            ],
            rows: verifications.flatMap { verification in
                verification.files.map { [verification.name.text, $0.name, $0.state.word, $0.detail] }
                    + (verification.misfit.map { [[verification.name.text, "all", "altered", $0]] } ?? [])
            })
        try listing.show("\(table)", verifications.map(json))
        let isGood = verifications.allSatisfy { names.isEmpty ? !$0.isAltered : $0.isWhole }
        if !isGood { throw Console.ExitStatus.badData }
    }

    private func json(_ verification: Verification) -> JSONValue {
        [
            "name": .string(verification.name.text), "whole": .bool(verification.isWhole),
            "misfit": verification.misfit.map(JSONValue.string) ?? .null,
            "files": .array(
                verification.files.map {
                    [
                        "name": .string($0.name), "path": .string($0.url.path), "state": .string($0.state.word),
                        "detail": .string($0.detail),
                    ]
                }),
        ]
    }
}

/// `teleport data download`.
struct DataDownload: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download", abstract: "Fetch the files of data sets that are not there yet, and check them.",
        discussion: """
            Files arrive under another name, are checked and renamed; a download that was ended goes on where it was. Archives are \
            unpacked by tar and unzip.
            """)

    @Argument(help: "The data sets.")
    var names: [DatasetName]

    @OptionGroup var folder: DataFolderOptions

    @Option(help: "The address of a folder that has the files, in place of the known ones.", naming: "address")
    var mirror: String?

    @Flag(help: "Replace files that are not the published ones.")
    var overwrite = false

    @Flag(help: "Tell nothing but what goes wrong.")
    var quiet = false

    func run() throws {
        let catalog = folder.catalog
        let progress = DownloadProgress(isQuiet: quiet)
        let downloader = Downloader { progress.show($0) }
        for name in names {
            let result: Downloader.Result
            do {
                defer { progress.clear() }
                result = try downloader.fetch(
                    name, from: mirror.map { [$0] }, into: catalog, overwriting: overwrite)
            }
            guard !quiet else { continue }
            switch result {
            case .generated: Console.show("\(name.text): generated, there is nothing to download")
            case .alreadyThere(let folder): Console.show("\(name.text): was there, in \(folder)")
            case .fetched(let folder): Console.show("\(name.text): downloaded to \(folder)")
            }
        }
    }
}

extension [DatasetName] {
    /// These, or all there are.
    fileprivate var orAll: [DatasetName] { isEmpty ? DatasetName.allCases : self }
}

extension Verification.State {
    /// How a file is, in a word.
    fileprivate var word: String {
        switch self {
        case .published, .read: "whole"
        case .unread: "not read"
        case .altered: "altered"
        case .missing: "missing"
        }
    }
}

extension Verification.File {
    /// How that is known.
    fileprivate var detail: String {
        switch state {
        case .published: "SHA-256"
        case .read: "read; no checksum is known"
        case .unread: "is read with the other files"
        case .altered(let reason): reason
        case .missing: "belongs at \(url.path)"
        }
    }
}
