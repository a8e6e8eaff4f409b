import NeuralNetworks

/// The gradient of an objective with respect to the parameters, as `a + H u`.
///
/// H is the Hessian of the loss of the batch. Every objective that is made of gradients has a gradient of this form, with
/// vectors a and u of the parameters' shapes: `1/2 ||g||^2` has `u = g`, a loss at displaced weights `a = v` and
/// `u = -lr A v`. A walk that has a closed form for H u uses it, and none forms what it does not need.
public struct ObjectiveGradient {
    /// a, one for each parameter; nil is zero.
    public var explicit: [ParameterGradient]?
    /// u, one for each parameter; nil is zero.
    public var hessianAlong: [ParameterGradient]?

    /// `a + H u`; a part that is left out is zero.
    public init(explicit: [ParameterGradient]? = nil, hessianAlong: [ParameterGradient]? = nil) {
        self.explicit = explicit
        self.hessianAlong = hessianAlong
    }
}
