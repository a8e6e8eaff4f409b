"""Teleportation with null-space gradient projection: Algorithm 1 of Wu, Dong, Aloui, Tarokh 2025, literally.

"Teleportation With Null Space Gradient Projection for Optimization Acceleration" (NS25 below). The gradient of the
teleportation objective comes from a double backward pass, the null space from a singular value decomposition. The text
of NS25 ascends (its equation 5), and so does this; the minus in line 7 of its Algorithm 1 is a slip.
"""

import torch
from torch import nn


def input_rows(module, x):
    """The inputs that a module's weight multiplies, one for each row: `[N, ..., in]` to `[m, in]`, or `[m, in + 1]` with
    a column of ones where the module has a bias, which then counts as the last column of the weight.

    The rows of a convolution are the patches that its outputs see (NS25 equation 9): `[N, C, H, W]` to `[m, C kH kW]`.
    """
    if isinstance(module, nn.Conv2d):
        patches = nn.functional.unfold(x, module.kernel_size, module.dilation, module.padding, module.stride)
        rows = patches.transpose(1, 2).flatten(0, 1)
    else:
        rows = x.reshape(-1, module.in_features)
    if module.bias is None:
        return rows
    return torch.cat([rows, rows.new_ones(rows.shape[0], 1)], dim=1)


def affine_modules(model):
    """The modules that teleportation moves."""
    return [module for module in model.modules() if isinstance(module, (nn.Linear, nn.Conv2d))]


@torch.no_grad()
def null_space_bases(model, x, tau=1.0):
    """An orthonormal basis of the significant input space of each affine module: `[in + 1, k]`.

    k is the smallest number of directions that hold the share tau of the energy (NS25 equation 3); tau = 1 means all
    that the data type resolves.
    """
    inputs = {}

    def remember(module, arguments):
        inputs[module] = input_rows(module, arguments[0])

    hooks = [module.register_forward_pre_hook(remember) for module in affine_modules(model)]
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()

    bases = {}
    for module, rows in inputs.items():
        u, s, _ = torch.linalg.svd(rows.t(), full_matrices=False)
        energy = s.square().cumsum(0)
        share = min(tau, 1 - torch.finfo(s.dtype).eps)
        k = int((energy < share * energy[-1]).sum()) + 1
        bases[module] = u[:, :k]
    return bases


def projected(gradient, basis):
    """The part of a gradient `[out, in + 1]` that the inputs do not see: `G - (G B) B^T`."""
    return gradient - (gradient @ basis) @ basis.t()


def teleport(model, loss_function, batches, learning_rate, steps, cap=None, tau=1.0):
    """Moves the model's affine modules along the level set of the loss to where its gradient is larger.

    For each batch `(x, y)`: one decomposition for each module, then `steps` steps of gradient ascent on
    `1/2 ||grad L||^2`, each projected; they end where `||grad L||^2` reaches `cap`.
    """
    parameters = list(model.parameters())
    for x, y in batches:
        bases = null_space_bases(model, x, tau)
        for _ in range(steps):
            loss = loss_function(model(x), y)
            gradients = torch.autograd.grad(loss, parameters, create_graph=True)
            squared_norm = sum(gradient.square().sum() for gradient in gradients)
            if cap is not None and squared_norm.item() >= cap:
                break
            ascent = dict(zip(parameters, torch.autograd.grad(0.5 * squared_norm, parameters)))
            with torch.no_grad():
                for module, basis in bases.items():
                    weight = module.weight
                    # The kernels of a convolution are the rows of its weight.
                    direction = ascent[weight].flatten(1)
                    if module.bias is None:
                        weight.add_(projected(direction, basis).view_as(weight), alpha=learning_rate)
                    else:
                        direction = torch.cat([direction, ascent[module.bias].unsqueeze(1)], dim=1)
                        direction = projected(direction, basis)
                        weight.add_(direction[:, :-1].reshape(weight.shape), alpha=learning_rate)
                        module.bias.add_(direction[:, -1], alpha=learning_rate)
