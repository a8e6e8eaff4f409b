// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "OwnParts",
    platforms: [.macOS(.v15)],
    dependencies: [
        // Elsewhere, the path of your copy of swift-teleportation; `make setup` there installs libtorch.
        .package(name: "swift-teleportation", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "OwnParts", dependencies: [.product(name: "Teleportation", package: "swift-teleportation")])
    ]
)
