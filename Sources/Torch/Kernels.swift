/// The kernels of ATen that compute derivatives and optimizer steps directly, without a tape.
public enum Kernels {}
