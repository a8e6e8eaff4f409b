#!/usr/bin/env python3
"""Checks the teleport that the benchmark times: the loss stays, its gradient grows, the cap holds."""

import torch
from torch import nn

import generalization
import symmetry
from bench import IMAGE_SHAPE, SYMMETRY_LEARNING_RATE, cifar_cnn, random_batches
from null_space import affine_modules, input_rows, null_space_bases, teleport
from training import Block, Transformer, encoder_layer, mlp


def loss_and_squared_norm(model, x, y, loss_function):
    loss = loss_function(model(x), y)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return loss.item(), sum(gradient.square().sum().item() for gradient in gradients)


def check_teleport(name, model, batches, loss_function=nn.functional.cross_entropy, learning_rate=0.05):
    """Teleports on one batch."""
    [(x, y)] = batches
    loss, squared_norm = loss_and_squared_norm(model, x, y, loss_function)
    teleport(model, loss_function, batches, learning_rate, steps=8)
    moved_loss, moved_squared_norm = loss_and_squared_norm(model, x, y, loss_function)
    print(
        f"{name}: loss {loss:.7f} to {moved_loss:.7f}, "
        f"squared gradient norm {squared_norm:.5f} to {moved_squared_norm:.5f}"
    )
    assert abs(moved_loss - loss) <= 1e-5 * loss
    assert moved_squared_norm > 1.01 * squared_norm

    # Beyond the cap nothing moves.
    before = [parameter.clone() for parameter in model.parameters()]
    teleport(model, loss_function, batches, learning_rate, steps=8, cap=moved_squared_norm / 2)
    assert all(torch.equal(old, new) for old, new in zip(before, model.parameters()))


def check_symmetry():
    """The first-order element moves the loss a little and the gradient norm more."""
    torch.manual_seed(0)
    model = mlp([784, 64, 48, 10], lambda: nn.LeakyReLU(symmetry.SLOPE))
    [(x, y)] = batches = random_batches(1, 20)
    # The first step replaces what the samples do not see of the weights, which moves the gradient but not the loss.
    symmetry.teleport(model, nn.functional.cross_entropy, batches, learning_rate=0.0, steps=1)
    loss, squared_norm = loss_and_squared_norm(model, x, y, nn.functional.cross_entropy)
    symmetry.teleport(model, nn.functional.cross_entropy, batches, SYMMETRY_LEARNING_RATE, steps=10)
    moved_loss, moved_squared_norm = loss_and_squared_norm(model, x, y, nn.functional.cross_entropy)
    print(
        f"symmetry: loss {loss:.7f} to {moved_loss:.7f}, "
        f"squared gradient norm {squared_norm:.5f} to {moved_squared_norm:.5f}"
    )
    assert abs(moved_loss - loss) <= 1e-2 * loss
    assert moved_squared_norm > squared_norm


def check_generalization():
    """The derivatives of a curve are those of differences, and a network is as sharp as its loss far from it is high."""
    torch.manual_seed(0)
    model = mlp([12, 9, 7, 5], lambda: nn.LeakyReLU(symmetry.SLOPE)).double()
    (x, y) = torch.randn(6, 12).double(), torch.randint(5, (6,))
    _, weights = symmetry.augmented_weights(model)
    inputs = symmetry.layer_inputs(weights, x.t())
    inverses = [torch.linalg.pinv(h) for h in inputs[:-1]]
    elements = [torch.rand(len(weight), len(weight)).double() for weight in weights[:-1]]
    curve = lambda t: generalization.transformed(weights, inputs, inverses, elements, torch.tensor(t).double())
    one, zero = torch.ones(()).double(), torch.zeros(()).double()
    first = torch.func.jvp(lambda t: generalization.transformed(weights, inputs, inverses, elements, t), (zero,), (one,))[1]
    difference = (curve(1e-5) - curve(-1e-5)) / 2e-5
    assert torch.allclose(first, difference, rtol=1e-6, atol=1e-8)
    loss = nn.functional.cross_entropy(model(x), y).item()
    assert generalization.sharpness(model, nn.functional.cross_entropy, (x, y), [0.0], 2) == loss
    print(f"sharpness: {generalization.sharpness(model, nn.functional.cross_entropy, (x, y), [1.0, -1.0], 8):.4f} at a loss of {loss:.4f}")


def check_patches(model, x):
    """The rows of a convolution's input times its weight are its output."""
    for module in model:
        if module in affine_modules(model):
            weight = torch.cat([module.weight.flatten(1), module.bias.unsqueeze(1)], dim=1)
            product = input_rows(module, x) @ weight.t()
            output = module(x).movedim(1, -1).reshape(product.shape)
            assert torch.allclose(product, output, atol=1e-5), module
        x = module(x)


def check_block(samples, tokens, heads):
    """The block that teleportation moves is PyTorch's."""
    theirs, ours = encoder_layer(64 * heads, heads), Block(64 * heads, heads)
    state = theirs.state_dict()
    for name in ("weight", "bias"):
        state[f"self_attn.in_proj.{name}"] = state.pop(f"self_attn.in_proj_{name}")
    ours.load_state_dict(state)
    x = torch.randn(samples, tokens, 64 * heads)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def main():
    for sizes, samples in [([784, 1024, 1024, 10], 32), ([784, 256, 256, 256, 10], 64)]:
        torch.manual_seed(0)
        model = mlp(sizes)
        batches = random_batches(1, samples)
        ranks = [basis.shape[1] for basis in null_space_bases(model, batches[0][0]).values()]
        assert ranks == [samples] * (len(sizes) - 1), ranks
        check_teleport(sizes, model, batches)

    torch.manual_seed(0)
    model = cifar_cnn()
    batches = random_batches(1, 256, IMAGE_SHAPE)
    with torch.no_grad():
        check_patches(model, batches[0][0][:8])
    check_teleport("cnn", model, batches)

    check_symmetry()
    check_generalization()

    torch.manual_seed(0)
    check_block(samples=2, tokens=5, heads=2)
    # Fewer tokens than features, so that every map has room.
    model = Transformer(features=8, outputs=8, length=12, heads=2, layers=2, block=Block)
    with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
        batches = [(torch.randn(4, 12, 8), torch.randn(4, 8))]
        check_teleport("transformer", model, batches, nn.functional.mse_loss, learning_rate=1e-4)


if __name__ == "__main__":
    main()
