import Datasets
import Experiments

/// One of NS25's figures that show recipes with and without teleports: which of them, and what the paper says of them.
struct RecipeFigure: Sendable {
    /// One training of a figure.
    struct Entry: Sendable {
        /// How it is trained and teleported.
        var recipe: PublishedRecipe
        /// What tells its network from that of Table 1, as `small`; nil where it is that one.
        var network: String?
        /// Whether symmetry teleportation is compared, too.
        var hasSymmetry = false
        /// The data set in the place of the recipe's; nil for that one.
        var standIn: DatasetName?

        /// What it is trained on.
        var dataset: DatasetName { standIn ?? recipe.dataset }

        /// As the results call it.
        var name: String {
            recipe.name + (network.map { "-\($0)" } ?? "") + (standIn.map { "-on-\($0.rawValue)" } ?? "")
        }
    }

    /// `ns25-figure-4`.
    let name: String
    /// `NS25 Figure 4`.
    let paper: String
    /// What is compared.
    let title: String
    /// What the paper says, in a sentence.
    let claim: String
    /// What of it is asked of each training.
    let claims: [RecipeClaim]
    /// The trainings.
    let entries: [Entry]
    /// Whether the losses are drawn.
    var isDrawn = true
    /// How many seeds are run at the quick scale unless the user names some.
    var quickSeeds = 3
    /// The most passes over the training data at the quick scale; nil for as many as go with the data.
    var quickEpochs: Int?
    /// About how many seconds the quick scale takes on two cores, where none of the data are missing that are easily had.
    let quickSeconds: Int
}

extension RecipeFigure {
    /// All of them.
    static let all = [figure4, figure5, figure7, figure8, figure9, figure10, table1]

    private static func entries(_ recipes: [PublishedRecipe]...) -> [Entry] {
        recipes.joined().map { Entry(recipe: $0) }
    }

    private static let convolutionalClaim =
        "with teleports training is markedly faster in its beginning, when they take place; the test loss tends to the same value, "
        + "and the training loss goes on falling faster."

    static let figure4 = RecipeFigure(
        name: "ns25-figure-4", paper: "NS25 Figure 4",
        title:
            "Convolutional networks on CIFAR-10 and Tiny ImageNet, with and without teleports, over epochs and time.",
        claim: convolutionalClaim, claims: [.accelerates, .endsLower, .endsAtSameTestLoss],
        entries: entries(PublishedRecipe.cifar10, PublishedRecipe.tinyImageNet), quickSeconds: 280)

    /// The caption names sequential MNIST, too, which the text has in Figure 10.
    static let figure5 = RecipeFigure(
        name: "ns25-figure-5", paper: "NS25 Figure 5",
        title:
            "Transformers on electricity, traffic and Penn Treebank, with and without teleports, over epochs and time.",
        claim:
            "teleports remain effective for regression and language: training is much faster in its beginning, most with SGD and "
            + "momentum.",
        claims: [.accelerates, .endsLower],
        entries: entries(PublishedRecipe.electricity, PublishedRecipe.traffic, PublishedRecipe.pennTreebank),
        quickSeconds: 240)

    /// The panels are those of Figure 2, with the test losses.
    static let figure7 = RecipeFigure(
        name: "ns25-figure-7", paper: "NS25 Figure 7",
        title:
            "Training and test losses of small and large perceptrons on MNIST, null-space against symmetry teleports.",
        claim:
            "null-space teleports come to a lower loss than symmetry teleports, also in the small network that favours the latter; "
            + "in the large one these slow training down.",
        claims: [.endsBelowSymmetry, .endsBelowSymmetryInTest, .symmetrySlows],
        entries: PublishedRecipe.mnist.map { recipe in
            let isSmall = recipe.optimizer == .sgd || recipe.optimizer == .adagrad
            var entry = Entry(recipe: recipe, network: isSmall ? "small" : nil, hasSymmetry: true)
            if isSmall { entry.recipe.architecture = PublishedRecipe.smallPerceptron }
            return entry
        }, quickSeconds: 120)

    static let figure8 = RecipeFigure(
        name: "ns25-figure-8", paper: "NS25 Figure 8",
        title: "Perceptrons on MNIST and Fashion-MNIST, with and without teleports, over epochs and time.",
        claim:
            "with teleports training is faster, over epochs and just as much over time: what teleports cost is negligible.",
        claims: [.accelerates, .endsLower, .endsLowerInTime],
        entries: entries(PublishedRecipe.mnist, PublishedRecipe.fashionMNIST), quickSeconds: 180)

    static let figure9 = RecipeFigure(
        name: "ns25-figure-9", paper: "NS25 Figure 9",
        title: "Convolutional networks on CIFAR-100, with and without teleports, over epochs and time.",
        claim: convolutionalClaim, claims: [.accelerates, .endsLower, .endsAtSameTestLoss],
        entries: entries(PublishedRecipe.cifar100), quickSeconds: 240)

    static let figure10 = RecipeFigure(
        name: "ns25-figure-10", paper: "NS25 Figure 10",
        title: "Transformers on sequential MNIST, with and without teleports, over epochs and time.",
        claim: "with teleports training is faster in its beginning.", claims: [.accelerates, .endsLower],
        entries: entries(PublishedRecipe.sequentialMNIST), quickSeconds: 170)

    static let table1 = RecipeFigure(
        name: "ns25-table-1", paper: "NS25 Table 1",
        title: "All recipes of the paper, each with and without teleports: which were run, and what came of them.",
        claim:
            "these settings, with which the figures show that teleports accelerate training on every data set and with every optimizer.",
        claims: [.accelerates, .endsLower, .endsLowerInTime], entries: entries(PublishedRecipe.table), isDrawn: false,
        quickSeeds: 1, quickEpochs: 2, quickSeconds: 280)
}
