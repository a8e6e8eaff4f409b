#!/usr/bin/env python3
"""Writes learning.json: LSTM cells and unrolled trainings by PyTorch, in double precision.

Run with PyTorch 2.13 from any folder. Weights and problems follow from seeds; the tests draw the same ones.
"""

import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "Benchmarks" / "pytorch"))
import learning  # noqa: E402

QUANTITIES = ["update", "rate+teleport", "update+teleport"]
# Three layers, so that there are two pairs, the upper one with an input that moves.
SIZES, SAMPLES, HIDDEN = [5, 4, 4, 3], 3, 6
STEPS, UNROLL = 9, 3
RATES = (1e-3, 2e-3)


def recurrence():
    """Three steps of a network with two heads on a batch of two."""
    generator = torch.Generator().manual_seed(1)
    network = learning.MetaLSTM(5, 4, [3, 2], generator, torch.float64)
    inputs = torch.randn(3, 2, 5, generator=generator, dtype=torch.float64)
    state = [(torch.zeros(2, 4, dtype=torch.float64),) * 2] * 2
    steps = []
    for x in inputs:
        outputs, state = network(x, state)
        steps.append(
            {
                "outputs": [output.flatten().tolist() for output in outputs],
                "states": [tensor.flatten().tolist() for pair in state for tensor in pair],
            }
        )
    return steps


def training(quantity, exponential):
    """Two trajectories, and what has become of the weights of the networks."""
    meta = learning.MetaOptimizer(
        SIZES, quantity, seed=7, hidden=HIDDEN, rates=RATES, exponential=exponential, dtype=torch.float64
    )
    losses = [learning.learn(meta, seed, SAMPLES, STEPS, UNROLL) for seed in (100, 101)]
    parameters = [
        {"beginning": p.detach().flatten()[:5].tolist(), "norm": p.detach().norm().item()}
        for network in meta.networks
        for p in network.parameters()
    ]
    return {
        "quantity": quantity,
        "exponential": exponential,
        "losses": losses,
        "parameters": parameters,
        "unseen": learning.run(meta, 200, SAMPLES, STEPS),
    }


contents = {
    "recurrence": recurrence(),
    "sizes": SIZES,
    "samples": SAMPLES,
    "hidden": HIDDEN,
    "steps": STEPS,
    "unroll": UNROLL,
    "rates": RATES,
    "trainings": [training(quantity, exponential) for quantity in QUANTITIES for exponential in (True, False)],
}
path = pathlib.Path(__file__).with_name("learning.json")
path.write_text(json.dumps(contents) + "\n")
