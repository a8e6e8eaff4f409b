import Testing

@testable import Teleportation
