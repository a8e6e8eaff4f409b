import Experiments
import Torch

/// What `--version` prints: the version of the tool, the libtorch that it runs on, and what there is of CUDA, a line each.
struct VersionText: CustomStringConvertible {
    var description: String {
        """
        teleport \(Library.version)
        libtorch \(Libtorch.version)\(Libtorch.file.map { " (\($0))" } ?? "")
        CUDA \(CUDASupport.current)
        """
    }
}
