#!/usr/bin/env python3
"""Writes optimizers.json and muon.json: trajectories of PyTorch's optimizers on given gradients.

The starting point and the gradients are numbers of float32, so that both precisions start from the same ones. Run with
PyTorch 2.13 from any folder; the output is the same each time, that of Muon on the same kind of processor: it rounds to
bfloat16 what processors add up in different orders.
"""

import json
import pathlib

import torch

STEPS = 10
SHAPES = [(3, 4), (3,)]
MATRIX_SHAPES = [(8, 3), (3, 8), (5, 5), (1, 4)]


class MuonAndAdamW:
    """Muon for the matrices and AdamW for all other parameters."""

    def __init__(self, parameters):
        self.optimizers = [
            torch.optim.Muon([p for p in parameters if p.ndim == 2], lr=0.05),
            torch.optim.AdamW([p for p in parameters if p.ndim != 2], lr=0.05),
        ]

    def step(self):
        for optimizer in self.optimizers:
            optimizer.step()


# The settings that are not PyTorch's defaults are the ones that the Swift test of the same name passes.
OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.05),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    "nesterov": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.8, nesterov=True),
    "adagrad": lambda parameters: torch.optim.Adagrad(parameters, lr=0.05),
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, lr=0.05),
    "rmsprop-alpha": lambda parameters: torch.optim.RMSprop(parameters, lr=0.05, alpha=0.9, eps=1e-3),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.05),
    "adam-betas": lambda parameters: torch.optim.Adam(parameters, lr=0.05, betas=(0.8, 0.95), eps=1e-3),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.05, weight_decay=0.1),
    "muon": MuonAndAdamW,
}
MUONS = {
    "default": lambda parameters: torch.optim.Muon(parameters, lr=0.05),
    "momentum": lambda parameters: torch.optim.Muon(parameters, lr=0.05, momentum=0.6, weight_decay=0.5, ns_steps=3),
    "not-nesterov": lambda parameters: torch.optim.Muon(parameters, lr=0.05, nesterov=False),
    "match-rms-adamw": lambda parameters: torch.optim.Muon(parameters, lr=0.05, adjust_lr_fn="match_rms_adamw"),
}


def trajectory(make, start, gradients, dtype):
    """The parameters after each step, flattened."""
    parameters = [torch.nn.Parameter(tensor.to(dtype, copy=True)) for tensor in start]
    optimizer = make(parameters)
    visited = []
    for step in gradients:
        for parameter, gradient in zip(parameters, step):
            parameter.grad = gradient.to(dtype)
        optimizer.step()
        visited.append([parameter.detach().flatten().tolist() for parameter in parameters])
    return visited


def write(name, shapes, optimizers, seed):
    """Draws a starting point and gradients, and writes the trajectories of some optimizers on them."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda shape: torch.randn(shape, generator=generator, dtype=torch.float32)
    start = [draw(shape) for shape in shapes]
    # Sizes over several orders of magnitude, so that epsilon and the order of the operations count.
    gradients = [[draw(shape) * 10.0 ** (-(step % 4)) for shape in shapes] for step in range(STEPS)]
    fixture = {
        "torch": torch.__version__.split("+")[0],
        "shapes": shapes,
        "start": [tensor.flatten().tolist() for tensor in start],
        "gradients": [[tensor.flatten().tolist() for tensor in step] for step in gradients],
        "trajectories": {
            name: {
                "float64": trajectory(make, start, gradients, torch.float64),
                "float32": trajectory(make, start, gradients, torch.float32),
            }
            for name, make in optimizers.items()
        },
    }
    path = pathlib.Path(__file__).with_name(name)
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


def main():
    write("optimizers.json", SHAPES, OPTIMIZERS, seed=1)
    write("muon.json", MATRIX_SHAPES, MUONS, seed=2)


if __name__ == "__main__":
    main()
