import Torch

/// The path of gradient descent on a test function, with teleports or without: what ST22 Figures 2 and 7 show.
public struct DescentPath: Hashable, Sendable {
    /// A point of the path.
    public struct State: Hashable, Sendable {
        /// w, `[n]`.
        public let point: [Double]
        /// L.
        public let loss: Double
        /// `||grad L||^2`, the rate of convergence.
        public let squaredGradientNorm: Double
    }

    /// A move on the level set.
    public struct Teleport: Hashable, Sendable {
        /// The step before which it took place, from 0.
        public let step: Int
        /// Where it began: the orange dots of Figure 2.
        public let before: State
        /// Where it ended and the step began.
        public let after: State
    }

    /// The states after 0, 1, 2, ... steps, one more than steps; where a teleport follows, that before it.
    public internal(set) var states: [State]
    /// The teleports in the order in which they took place.
    public internal(set) var teleports: [Teleport] = []
}

extension TestFunction {
    /// Gradient descent with teleports before some of its steps; ST22 Algorithm 1.
    ///
    /// ```swift
    /// let path = Rosenbrock().descend(
    ///     from: [-1, -1], learningRate: 1e-3, steps: 1000, teleportAt: stride(from: 100, to: 1000, by: 100))
    /// ```
    ///
    /// - Parameters:
    ///   - start: `w_0`, `[n]`.
    ///   - learningRate: eta.
    ///   - steps: `t_max`.
    ///   - schedule: K, the steps, from 0, before which to teleport.
    ///   - teleport: The point to go to from a point, on its level set; nil takes the steepest one.
    public func descend(
        from start: [Double], learningRate: Double, steps: Int, teleportAt schedule: some Sequence<Int> = 0..<0,
        using teleport: (([Double]) -> [Double])? = nil
    ) -> DescentPath {
        require(steps >= 0, "\(steps) steps of gradient descent")
        let schedule = Set(schedule)
        var state = state(at: start)
        var path = DescentPath(states: [state])
        for step in 0..<steps {
            if schedule.contains(step) {
                let before = state
                let target = teleport?(before.point) ?? steepestPoint(onLevelSetOf: before.point)
                state = self.state(at: target)
                path.teleports.append(DescentPath.Teleport(step: step, before: before, after: state))
            }
            let point = moved(state.point, along: gradient(at: state.point), by: -learningRate)
            state = self.state(at: point)
            path.states.append(state)
        }
        return path
    }

    private func state(at point: [Double]) -> DescentPath.State {
        DescentPath.State(
            point: point, loss: value(at: point), squaredGradientNorm: squaredGradientNorm(at: point))
    }
}
