import ArgumentParser

/// The arguments of a command, each option with its value.
struct ArgumentList {
    /// An option with its value, or an argument that belongs to none.
    private struct Item {
        /// The name of the option, without dashes.
        let option: String?
        let arguments: [String]
    }

    private var items: [Item] = []

    /// The arguments of a command, without its name.
    init(_ arguments: some Sequence<String>, of command: any ParsableCommand.Type) {
        let known = CommandOptions(of: command)
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1)
            let name = parts.first.map { String($0.drop { $0 == "-" }) } ?? ""
            guard argument.hasPrefix("--"), known.names.contains(name) else {
                items.append(Item(option: nil, arguments: [argument]))
                continue
            }
            let value = parts.count == 1 && known.valued.contains(name) ? rest.popFirst() : nil
            items.append(Item(option: name, arguments: [argument] + (value.map { [$0] } ?? [])))
        }
    }

    /// The list without the options that say where results go and what is gone on with, or name a file, whose options they have.
    var withoutPlace: ArgumentList { without(["output", "overwrite", "resume", "config"]) }

    /// The arguments.
    var arguments: [String] { items.flatMap(\.arguments) }

    /// The list without some options and their values.
    func without(_ options: Set<String>) -> ArgumentList {
        var list = self
        list.items.removeAll { $0.option.map(options.contains) ?? false }
        return list
    }

    /// The list with each option once, as it is given last, which is what counts.
    var withoutRepetitions: ArgumentList {
        var list = self
        list.items = items.indices.filter { index in
            items[index].option == nil || !items[(index + 1)...].contains { $0.option == items[index].option }
        }.map { items[$0] }
        return list
    }
}
