"""Symmetry teleportation of perceptrons: Zhao, Dehmamy, Walters, Yu 2022 (ST22), sections 4.2 and 6.1, literally.

Each step differentiates `||grad L||^2` at the transformed weights with respect to T, one matrix for each pair of layers, by
autograd, and then transforms the weights with `g = I + T` and `g^{-1} = I - T`. Samples are columns here, as in the paper.
"""

import torch
from torch import nn

SLOPE = 0.1


def activation(x):
    return nn.functional.leaky_relu(x, SLOPE)


def inverse_activation(x):
    return nn.functional.leaky_relu(x, 1 / SLOPE)


def with_ones(h):
    """Appends the input of the bias, which is the last column of a weight: `[d, n]` to `[d + 1, n]`."""
    return torch.cat([h, h.new_ones(1, h.shape[1])])


def group_action(upper, lower, h, h_inverse, t):
    """ST22 equation 8: `U g^{-1}` and `sigma^{-1}(g sigma(V h)) h^+`; the bias of U stays."""
    identity = torch.eye(t.shape[0], dtype=t.dtype)
    lower = inverse_activation((identity + t) @ activation(lower @ h)) @ h_inverse
    upper = torch.cat([upper[:, :-1] @ (identity - t), upper[:, -1:]], dim=1)
    return upper, lower


def layer_inputs(weights, x):
    """The input of each layer, with its ones."""
    inputs = [with_ones(x)]
    for weight in weights[:-1]:
        inputs.append(with_ones(activation(weight @ inputs[-1])))
    return inputs


def augmented_weights(model):
    """The weights of the model's dense layers, `[out, in + 1]`."""
    layers = [module for module in model if isinstance(module, nn.Linear)]
    return layers, [torch.cat([layer.weight.data, layer.bias.data.unsqueeze(1)], dim=1) for layer in layers]


def teleport(model, loss_function, batches, learning_rate, steps):
    """Moves a perceptron with LeakyReLU to where the gradient of the loss is larger, batch by batch."""
    layers, weights = augmented_weights(model)
    for x, y in batches:
        x = x.t()
        data_inverse = torch.linalg.pinv(with_ones(x))
        for _ in range(steps):
            directions = [torch.zeros(len(weight), len(weight), requires_grad=True) for weight in weights[:-1]]
            moved = list(weights)
            h, h_inverse = with_ones(x), data_inverse
            for m, t in enumerate(directions):
                if m > 0:
                    h_inverse = torch.linalg.pinv(h)
                moved[m + 1], moved[m] = group_action(moved[m + 1], moved[m], h, h_inverse, t)
                h = with_ones(activation(moved[m] @ h))
            loss = loss_function((moved[-1] @ h).t(), y)
            gradients = torch.autograd.grad(loss, moved, create_graph=True)
            squared_norm = sum(gradient.square().sum() for gradient in gradients)
            ascent = torch.autograd.grad(squared_norm, directions)

            with torch.no_grad():
                inputs = layer_inputs(weights, x)
                for m, direction in enumerate(ascent):
                    h_inverse = data_inverse if m == 0 else torch.linalg.pinv(inputs[m])
                    weights[m + 1], weights[m] = group_action(
                        weights[m + 1], weights[m], inputs[m], h_inverse, learning_rate * direction
                    )
    with torch.no_grad():
        for layer, weight in zip(layers, weights):
            layer.weight.copy_(weight[:, :-1])
            layer.bias.copy_(weight[:, -1])
