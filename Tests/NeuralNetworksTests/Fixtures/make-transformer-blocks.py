#!/usr/bin/env python3
"""Writes transformer-blocks.json: PyTorch's TransformerEncoderLayer in float64, its outputs and gradients.

Run with PyTorch 2.13 from any folder; the output is the same each time.
"""

import json
import pathlib

import torch

SEED = 5
SAMPLES, TOKENS, DIMENSION, HEADS, HIDDEN = 2, 4, 6, 2, 8


def flattened(tensors):
    """The elements of named tensors."""
    return {name: tensor.flatten().tolist() for name, tensor in tensors.items()}


def block(normalizes_first, is_causal):
    """The weights that a block begins with; and, with others, what it makes of an input and a cotangent."""
    torch.manual_seed(SEED)
    layer = torch.nn.TransformerEncoderLayer(
        DIMENSION,
        HEADS,
        HIDDEN,
        dropout=0,
        batch_first=True,
        norm_first=normalizes_first,
        dtype=torch.float64,
    )
    initial = flattened(layer.state_dict())
    generator = torch.Generator().manual_seed(SEED)
    draw = lambda shape: torch.randn(shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        for parameter in layer.parameters():
            # Biases and normalizations begin as zeros and ones, which would hide mistakes.
            parameter.add_(0.3 * draw(parameter.shape))
    x = draw((SAMPLES, TOKENS, DIMENSION)).requires_grad_()
    cotangent = draw((SAMPLES, TOKENS, DIMENSION))
    mask = torch.nn.Transformer.generate_square_subsequent_mask(TOKENS, dtype=torch.float64) if is_causal else None
    output = layer(x, src_mask=mask, is_causal=is_causal)
    names = [name for name, _ in layer.named_parameters()]
    gradients = torch.autograd.grad(output, [x, *layer.parameters()], cotangent)
    return initial, {
        "normalizesFirst": normalizes_first,
        "isCausal": is_causal,
        "parameters": flattened(layer.state_dict()),
        "input": x.flatten().tolist(),
        "cotangent": cotangent.flatten().tolist(),
        "output": output.flatten().tolist(),
        "inputGradient": gradients[0].flatten().tolist(),
        "gradients": flattened(dict(zip(names, gradients[1:]))),
    }


def main():
    initial, blocks = zip(*(block(first, causal) for first in (True, False) for causal in (False, True)))
    fixture = {
        "torch": torch.__version__.split("+")[0],
        "seed": SEED,
        "shape": [SAMPLES, TOKENS, DIMENSION],
        "heads": HEADS,
        "hidden": HIDDEN,
        "initial": initial[0],
        "blocks": blocks,
    }
    path = pathlib.Path(__file__).with_name("transformer-blocks.json")
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
