#!/usr/bin/env python3
"""Writes training.json: the losses of a small perceptron that PyTorch trains by SGD in float64.

The images are bytes, from which both sides make the same inputs. Run with PyTorch 2.13 from any folder; the output is the
same each time.
"""

import json
import pathlib

import torch

SEED = 3
SAMPLES, BATCH, STEPS = 40, 10, 20
SIDE, HIDDEN, CLASSES = 4, [6, 5], 3
LEARNING_RATE = 0.5
# How far the seeds for the order of the batches are from those for the weights; see Training.Purpose.
ORDER = 1_000_000_000


def dense(inputs, outputs, generator):
    """PyTorch's own initialization, which draws the weight and then the bias."""
    layer = torch.nn.Linear(inputs, outputs, dtype=torch.float64)
    bound = inputs**-0.5
    with torch.no_grad():
        for parameter in (layer.weight, layer.bias):
            draw = torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(draw * (2 * bound) - bound)
    return layer


def main():
    data = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (SAMPLES, 1, SIDE, SIDE), generator=data, dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (SAMPLES,), generator=data)

    weights = torch.Generator().manual_seed(SEED)
    sizes = [SIDE * SIDE] + HIDDEN + [CLASSES]
    layers = [torch.nn.Flatten()]
    for inputs, outputs in zip(sizes, sizes[1:]):
        if len(layers) > 1:
            layers.append(torch.nn.ReLU())
        layers.append(dense(inputs, outputs, weights))
    model = torch.nn.Sequential(*layers)

    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    order = torch.Generator().manual_seed(SEED + ORDER)
    batches, losses = [], []
    while len(losses) < STEPS:
        for batch in torch.randperm(SAMPLES, generator=order).split(BATCH):
            loss = torch.nn.functional.cross_entropy(model(images[batch].to(torch.float64) / 255), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    fixture = {
        "torch": torch.__version__.split("+")[0],
        "seed": SEED,
        "batchSize": BATCH,
        "imageShape": [1, SIDE, SIDE],
        "hidden": HIDDEN,
        "classCount": CLASSES,
        "learningRate": LEARNING_RATE,
        "images": images.flatten().tolist(),
        "labels": labels.tolist(),
        "losses": losses,
    }
    path = pathlib.Path(__file__).with_name("training.json")
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
