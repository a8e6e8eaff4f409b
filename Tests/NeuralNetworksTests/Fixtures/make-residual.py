#!/usr/bin/env python3
"""Writes residual.json: batch normalization and a small residual network as PyTorch computes them.

Everything is float64. Run with PyTorch 2.13 from any folder; the output is the same each time.
"""

import json
import pathlib

import torch

IMAGE_SHAPE = [2, 6, 5]
CHANNELS = [3, 3, 3, 4, 4]
OUTPUTS = 3
SAMPLES = 4


class Residual(torch.nn.Sequential):
    """x + body(x)."""

    def forward(self, x):
        return x + super().forward(x)


def convolution(inputs, outputs, stride):
    return [
        torch.nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        torch.nn.BatchNorm2d(outputs),
    ]


def residual_network():
    """Two connections, one of two convolutions and one of a single one."""
    return torch.nn.Sequential(
        *convolution(2, 3, 2),
        torch.nn.ReLU(),
        Residual(*convolution(3, 3, 1), torch.nn.ReLU(), *convolution(3, 3, 1)),
        torch.nn.ReLU(),
        *convolution(3, 4, 2),
        torch.nn.ReLU(),
        Residual(*convolution(4, 4, 1)),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(4 * 2 * 2, OUTPUTS),
    )


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def named(tensors):
    return [{"name": name, "shape": list(tensor.shape), "elements": numbers(tensor)} for name, tensor in tensors]


def buffers(model):
    return named((name, buffer) for name, buffer in model.named_buffers() if buffer.is_floating_point())


def randomize(model, generator):
    """Vectors begin at zero or one in normalizations, where a mistake may not show."""
    with torch.no_grad():
        for parameter in model.parameters():
            draw = torch.rand(parameter.shape, generator=generator)
            parameter.copy_(draw + 0.5 if parameter.dim() == 1 else draw - 0.5)


def normalization(generator):
    shape = [4, 3, 2, 3]
    layer = torch.nn.BatchNorm2d(3, eps=1e-3, momentum=0.3)
    randomize(layer, generator)
    fixture = {"shape": shape, "parameters": named(layer.named_parameters()), "steps": []}
    for _ in range(2):
        x = (2 * torch.randn(shape, generator=generator) + 1).requires_grad_()
        cotangent = torch.randn(shape, generator=generator)
        output = layer(x)
        gradients = torch.autograd.grad(output, [x, layer.weight, layer.bias], cotangent)
        fixture["steps"].append({
            "input": numbers(x), "cotangent": numbers(cotangent), "output": numbers(output),
            "gradients": [numbers(gradient) for gradient in gradients], "buffers": buffers(layer),
        })
    layer.eval()
    fixture["evaluated"] = numbers(layer(x))
    return fixture


def network(generator):
    model = residual_network()
    randomize(model, generator)
    x = torch.randn([SAMPLES] + IMAGE_SHAPE, generator=generator)
    targets = torch.randint(OUTPUTS, [SAMPLES], generator=generator)
    parameters = named(model.named_parameters())
    output = model(x)
    loss = torch.nn.functional.cross_entropy(output, targets)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    fixture = {
        "imageShape": IMAGE_SHAPE, "channels": CHANNELS, "parameters": parameters, "input": numbers(x),
        "targets": targets.tolist(), "output": numbers(output), "loss": loss.item(),
        "gradients": [numbers(gradient) for gradient in gradients], "buffers": buffers(model),
    }
    model.eval()
    fixture["evaluated"] = numbers(model(x))
    return fixture


def main():
    torch.set_default_dtype(torch.float64)
    generator = torch.Generator().manual_seed(1)
    fixture = {
        "torch": torch.__version__.split("+")[0],
        "normalization": normalization(generator),
        "network": network(generator),
    }
    path = pathlib.Path(__file__).with_name("residual.json")
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
