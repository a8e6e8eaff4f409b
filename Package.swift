// swift-tools-version: 6.1
import Foundation
import PackageDescription

/// The libtorch to build against: the folder with `include/` and `lib/`.
///
/// `LIBTORCH` names one (an unpacked libtorch, or the `torch` folder of an installed wheel);
/// without it the private one that `make setup` installs is used.
let libtorch: String = {
    guard let named = Context.environment["LIBTORCH"], !named.isEmpty else {
        return Context.packageDirectory + "/.libtorch/torch"
    }
    return URL(fileURLWithPath: named).path
}()

/// What only `make docs` needs: the command `swift package generate-documentation`.
///
/// A package that depends on this one would otherwise have to resolve it too.
let documentationTools: [Package.Dependency] =
    Context.environment["TELEPORTATION_DOCUMENTATION"] == nil
    ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]

/// The modules below experiments and tools, for those above to name.
let libraries: [Target.Dependency] = [
    "Datasets", "NeuralNetworks", "Optimizers", "Reporting", "Teleportation", "TextForms", "Torch",
]

let package = Package(
    name: "swift-teleportation",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Teleportation", targets: ["Teleportation"]),
        .library(name: "TeleportationDatasets", targets: ["Datasets"]),
        .executable(name: "teleport", targets: ["teleport"]),
    ],
    dependencies: [
        // Option parsing, help and usage errors of the command-line tool.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Configuration files and recipes.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // SHA-256 of the files of data sets.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ] + documentationTools,
    targets: [
        .target(
            name: "CTorch",
            exclude: ["gloo/README.md"],
            cxxSettings: [
                // For gloo's names; see gloo/README.md.
                .headerSearchPath("."),
                // libtorch is not a system library with a fixed place, so its paths are given here; SwiftPM calls
                // such flags unsafe and accepts them in a root package and in a package depended on by path or branch.
                .unsafeFlags([
                    "-isystem", libtorch + "/include",
                    "-isystem", libtorch + "/include/torch/csrc/api/include",
                ]),
            ],
            linkerSettings: [
                // libtorch.so does nothing but name the libraries of this build, CUDA's kernels among them. No symbol
                // of it is referenced, hence --no-as-needed.
                .unsafeFlags([
                    "-L" + libtorch + "/lib", "-Xlinker", "-rpath", "-Xlinker", libtorch + "/lib",
                    "-Xlinker", "--no-as-needed", "-ltorch", "-Xlinker", "--as-needed",
                ]),
                .linkedLibrary("torch_cpu"),
                .linkedLibrary("c10"),
            ]),
        // Each target names all modules that it imports: one that changes is compiled into nothing that does not name it.
        .target(name: "Torch", dependencies: ["CTorch"]),
        .target(name: "TextForms"),
        .target(name: "NeuralNetworks", dependencies: ["Torch"]),
        .target(name: "Optimizers", dependencies: ["NeuralNetworks", "TextForms", "Torch"]),
        .target(name: "Teleportation", dependencies: ["NeuralNetworks", "Optimizers", "TextForms", "Torch"]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CTurboJPEG", pkgConfig: "libturbojpeg",
            providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
        .target(name: "Datasets", dependencies: ["NeuralNetworks", "Torch", "CZlib", "CTurboJPEG"]),
        .target(name: "Reporting", dependencies: ["TextForms"]),
        // Apart from Datasets, so that the library does not carry networking.
        .target(
            name: "Downloads",
            dependencies: ["Datasets", "Reporting", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "Experiments", dependencies: libraries + ["CZlib"]),
        .target(name: "Reproductions", dependencies: libraries + ["Experiments"]),
        .executableTarget(
            name: "teleport",
            dependencies: libraries + [
                "Downloads", "Experiments", "Reproductions",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .target(name: "TestSupport", dependencies: ["Torch"], path: "Tests/TestSupport"),
        .testTarget(name: "TorchTests", dependencies: ["Torch", "TestSupport"]),
        .testTarget(
            name: "NeuralNetworksTests", dependencies: ["NeuralNetworks", "Torch", "TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "OptimizersTests", dependencies: ["NeuralNetworks", "Optimizers", "Torch"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "TeleportationTests",
            dependencies: ["NeuralNetworks", "Optimizers", "Teleportation", "Torch", "TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "DatasetsTests", dependencies: ["Datasets", "NeuralNetworks", "Torch", "CZlib", "CTurboJPEG"]),
        .testTarget(name: "DownloadsTests", dependencies: ["Datasets", "Downloads", "Reporting", "TestSupport"]),
        .testTarget(name: "ReportingTests", dependencies: ["Reporting", "TestSupport"]),
        .testTarget(
            name: "ExperimentsTests", dependencies: libraries + ["Experiments", "TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "ReproductionsTests", dependencies: libraries + ["Experiments", "Reproductions", "TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "CommandLineTests",
            dependencies: libraries + ["Experiments", "Reproductions", "teleport", "TestSupport"]),
        .testTarget(name: "ContributingTests", dependencies: libraries + ["Experiments", "Reproductions"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
