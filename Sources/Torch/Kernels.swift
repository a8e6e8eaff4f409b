import CTorch

/// The kernels of ATen that compute derivatives and optimizer steps directly, without a tape.
public enum Kernels {
    // MARK: Losses

    /// `log(softmax(x))` along the last dimension, `[N, C]`.
    public static func logSoftmax(_ x: Tensor) -> Tensor { Tensor(ct_log_softmax(x.handle, -1)) }

    /// The pull-back of `cotangent` (`[N, C]`) through `logSoftmax`, given its output.
    public static func logSoftmaxPullback(_ cotangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_log_softmax_backward(cotangent.handle, output.handle, -1))
    }

    /// The mean negative log-likelihood of targets (`int64`, `[N]`) under log-probabilities (`[N, C]`), and the number
    /// of targets as a tensor, which the pull-back needs.
    public static func negativeLogLikelihood(
        _ logProbabilities: Tensor, targets: Tensor
    ) -> (value: Tensor, totalWeight: Tensor) {
        var value: ct_tensor?
        var weight: ct_tensor?
        check(ct_nll_loss(logProbabilities.handle, targets.handle, &value, &weight))
        return (Tensor(value), Tensor(weight))
    }

    /// The pull-back of a scalar through `negativeLogLikelihood`: `[N, C]`.
    public static func negativeLogLikelihoodPullback(
        _ cotangent: Tensor, logProbabilities: Tensor, targets: Tensor, totalWeight: Tensor
    ) -> Tensor {
        Tensor(
            ct_nll_loss_backward(cotangent.handle, logProbabilities.handle, targets.handle, totalWeight.handle))
    }

    /// The mean cross-entropy of logits (`[N, C]`) against targets (`int64`, `[N]`), differentiable by autograd.
    public static func crossEntropy(_ logits: Tensor, targets: Tensor) -> Tensor {
        Tensor(ct_cross_entropy(logits.handle, targets.handle))
    }

    /// The mean over all elements of the squared difference, differentiable by autograd.
    public static func meanSquaredError(_ predictions: Tensor, targets: Tensor) -> Tensor {
        Tensor(ct_mse_loss(predictions.handle, targets.handle))
    }

    /// The pull-back of a scalar through `meanSquaredError` to the predictions.
    public static func meanSquaredErrorPullback(
        _ cotangent: Tensor, predictions: Tensor, targets: Tensor
    ) -> Tensor {
        Tensor(ct_mse_loss_backward(cotangent.handle, predictions.handle, targets.handle))
    }

    // MARK: Activations

    // The Jacobian of an activation is diagonal, so each of these is its pull-back and its pushforward.

    /// `tangent` where the output of ReLU is positive, 0 elsewhere.
    public static func reluDerivative(_ tangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_threshold_backward(tangent.handle, output.handle, 0))
    }
    /// `tangent` where the input of LeakyReLU is positive, `slope tangent` elsewhere.
    public static func leakyReLUDerivative(_ tangent: Tensor, input: Tensor, slope: Double) -> Tensor {
        Tensor(ct_leaky_relu_backward(tangent.handle, input.handle, slope, false))
    }
    /// `tangent (1 - output^2)`.
    public static func tanhDerivative(_ tangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_tanh_backward(tangent.handle, output.handle))
    }
    /// `tangent output (1 - output)`.
    public static func sigmoidDerivative(_ tangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_sigmoid_backward(tangent.handle, output.handle))
    }
    /// `tangent (Phi(x) + x phi(x))` with the normal distribution's Phi and density phi.
    public static func geluDerivative(_ tangent: Tensor, input: Tensor) -> Tensor {
        Tensor(ct_gelu_backward(tangent.handle, input.handle))
    }

    // MARK: Fused optimizer steps

    /// One step of SGD with momentum over lists of tensors, in one pass; see PyTorch's `SGD` for the parameters.
    public static func momentumStep(
        _ parameters: [Tensor], gradients: [Tensor], velocities: [Tensor], learningRate: Double, momentum: Double,
        nesterov: Bool, isFirstStep: Bool
    ) {
        require(
            parameters.count == gradients.count && parameters.count == velocities.count,
            "\(parameters.count) parameters, \(gradients.count) gradients, \(velocities.count) velocities")
        let status = withHandles(parameters) { parameters_ in
            withHandles(gradients) { gradients_ in
                withHandles(velocities) { velocities_ in
                    ct_fused_sgd_(
                        parameters_, gradients_, velocities_, parameters.count, learningRate, momentum, 0, 0, nesterov,
                        isFirstStep)
                }
            }
        }
        check(status)
    }

    /// One step of Adam over lists of tensors, in one pass; `steps` are the counts, this step included, as `float32`.
    public static func adamStep(
        _ parameters: [Tensor], gradients: [Tensor], firstMoments: [Tensor], secondMoments: [Tensor], steps: [Tensor],
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double
    ) {
        require(
            [gradients, firstMoments, secondMoments, steps].allSatisfy { $0.count == parameters.count },
            "lists of \([gradients, firstMoments, secondMoments, steps].map(\.count)) tensors for \(parameters.count) parameters"
        )
        let status = withHandles(parameters) { parameters_ in
            withHandles(gradients) { gradients_ in
                withHandles(firstMoments) { first in
                    withHandles(secondMoments) { second in
                        withHandles(steps) { steps_ in
                            ct_fused_adam_(
                                parameters_, gradients_, first, second, steps_, parameters.count, learningRate, beta1,
                                beta2, 0, epsilon)
                        }
                    }
                }
            }
        }
        check(status)
    }

    /// One step of AdaGrad over lists of tensors, in one pass; `steps` are the counts, this step included, as `float32`.
    public static func adaGradStep(
        _ parameters: [Tensor], gradients: [Tensor], sums: [Tensor], steps: [Tensor], learningRate: Double,
        epsilon: Double
    ) {
        require(
            [gradients, sums, steps].allSatisfy { $0.count == parameters.count },
            "lists of \([gradients, sums, steps].map(\.count)) tensors for \(parameters.count) parameters")
        let status = withHandles(parameters) { parameters_ in
            withHandles(gradients) { gradients_ in
                withHandles(sums) { sums_ in
                    withHandles(steps) { steps_ in
                        ct_fused_adagrad_(
                            parameters_, gradients_, sums_, steps_, parameters.count, learningRate, 0, 0, epsilon)
                    }
                }
            }
        }
        check(status)
    }
}
