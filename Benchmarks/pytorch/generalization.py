"""Sharpness and curvature of perceptrons: Zhao, Gower, Walters, Yu 2024 (PS24), equations 4, 5 and 47, literally.

The derivatives of a curve on the level set are taken by automatic differentiation through the group element `exp(t M)`.
"""

import torch

import symmetry


@torch.no_grad()
def sharpness(model, loss_function, data, displacements, directions):
    """PS24 equation 4: the mean loss over displacements along random unit directions."""
    x, y = data
    parameters = list(model.parameters())
    start = [parameter.clone() for parameter in parameters]
    total = 0.0
    for _ in range(directions):
        direction = [torch.randn_like(parameter) for parameter in parameters]
        norm = sum(part.square().sum() for part in direction).sqrt()
        for displacement in displacements:
            for parameter, origin, part in zip(parameters, start, direction):
                parameter.copy_(origin + displacement / norm * part)
            total += loss_function(model(x), y).item()
    for parameter, origin in zip(parameters, start):
        parameter.copy_(origin)
    return total / (directions * len(displacements))


def transformed(weights, inputs, inverses, elements, t):
    """`exp(t M) . w`, each pair from w, as in the published experiments: a weight between two pairs moves with both."""
    moved = list(weights)
    for m, element in enumerate(elements):
        h, h_inverse = inputs[m], inverses[m]
        group_element = torch.linalg.matrix_exp(t * element)
        backward = torch.linalg.matrix_exp(-t * element)
        lower = symmetry.inverse_activation(group_element @ symmetry.activation(weights[m] @ h)) @ h_inverse
        upper = torch.cat([weights[m + 1][:, :-1] @ backward, weights[m + 1][:, -1:]], dim=1)
        # What moves is added, so that both moves of a weight between two pairs count.
        moved[m] = moved[m] + lower - weights[m]
        moved[m + 1] = moved[m + 1] + upper - weights[m + 1]
    return torch.cat([weight.flatten() for weight in moved])


@torch.no_grad()
def curvature(model, data, curves):
    """PS24 equations 5 and 47: the mean of `sqrt(|c'|^2 |c''|^2 - (c' c'')^2) / |c'|^3` over random curves c."""
    _, weights = symmetry.augmented_weights(model)
    inputs = symmetry.layer_inputs(weights, data[0].t())
    inverses = [torch.linalg.pinv(h) for h in inputs[:-1]]
    zero, one = torch.zeros(()), torch.ones(())
    total = 0.0
    for _ in range(curves):
        elements = [torch.rand(len(weight), len(weight)) for weight in weights[:-1]]

        def curve(t):
            return transformed(weights, inputs, inverses, elements, t)

        def velocity(t):
            return torch.func.jvp(curve, (t,), (one,))[1]

        first, second = torch.func.jvp(velocity, (zero,), (one,))
        squares = first.square().sum() * second.square().sum() - (first @ second).square()
        total += (squares.clamp(min=0).sqrt() / first.norm() ** 3).item()
    return total / curves
