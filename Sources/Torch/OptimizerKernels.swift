import CTorch

extension Kernels {
    /// One step of SGD with momentum over lists of tensors, in one pass; see PyTorch's `SGD` for the parameters.
    public static func momentumStep(
        _ parameters: [Tensor], gradients: [Tensor], velocities: [Tensor], learningRate: Double, momentum: Double,
        nesterov: Bool
    ) {
        require(
            parameters.count == gradients.count && parameters.count == velocities.count,
            "\(parameters.count) parameters, \(gradients.count) gradients, \(velocities.count) velocities")
        let status = withHandles(parameters) { parameters_ in
            withHandles(gradients) { gradients_ in
                withHandles(velocities) { velocities_ in
                    ct_fused_sgd_(
                        parameters_, gradients_, velocities_, parameters.count, learningRate, momentum, 0, 0, nesterov,
                        // The velocities begin at zero, and so a first step is as any other.
                        false)
                }
            }
        }
        check(status)
    }

    /// One step of Adam over lists of tensors, in one pass; `steps` are the counts, this step included, as `float32`.
    ///
    /// Before it a parameter loses the share `learningRate * weightDecay` of itself, as in AdamW.
    public static func adamStep(
        _ parameters: [Tensor], gradients: [Tensor], firstMoments: [Tensor], secondMoments: [Tensor], steps: [Tensor],
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double = 0
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
                            ct_fused_adamw_(
                                parameters_, gradients_, first, second, steps_, parameters.count, learningRate, beta1,
                                beta2, weightDecay, epsilon)
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
