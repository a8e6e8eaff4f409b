import Foundation

/// The device that the variable `TELEPORT_TEST_DEVICE` names, as `cuda` or `cuda:1`; `cpu` without it.
package let deviceUnderTest = ProcessInfo.processInfo.environment["TELEPORT_TEST_DEVICE"] ?? "cpu"
