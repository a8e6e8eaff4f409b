import NeuralNetworks

/// A place at which autograd differentiates the loss, twice where an objective asks for it.
protocol DifferentiatedPlace: Place {
    /// The loss and its gradient, with their tape.
    var differentiated: TwiceDifferentiableLoss { get }
}

extension DifferentiatedPlace {
    var loss: Double { differentiated.value.item() }

    var gradients: [ParameterGradient] { differentiated.gradients.map { .tensor($0) } }
}
