@testable import Teleportation

/// `u = G - (g G / ||g||^2) g`, the part of an objective's gradient G along the tangent of the level set.
final class TangentDirection: Direction {
    let parameters, tangents: [Tensor]
    let slope: Double
    private var taken = 0.0

    init(of objective: [Tensor], beside g: [Tensor], moving parameters: [Tensor]) {
        let share = zip(g, objective).map { $0.dot($1) }.total() / g.map { $0.squaredNorm() }.total()
        self.parameters = parameters
        tangents = zip(g, objective).map { $1 - $0 * share }
        slope = tangents.map { $0.squaredNorm() }.total()
    }

    var isZero: Bool { slope == 0 }

    func take(_ eta: Double, part: Double) -> Int? {
        for (parameter, u) in zip(parameters, tangents) { parameter.addInPlace(u, scale: eta * part - taken) }
        taken = eta * part
        return 0
    }
}
