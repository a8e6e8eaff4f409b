"""Models and training steps, as PyTorch's tutorials write them."""

import itertools
import math

import torch
from torch import nn


def mlp(sizes, activation=nn.ReLU):
    """A multi-layer perceptron with a bias in every layer and no activation after the last."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def cnn(image_shape, channels, outputs):
    """A convolutional network: 3 x 3 convolutions, each with ReLU and max pooling after it, and a dense head."""
    depth, height, width = image_shape
    layers = []
    for count in channels:
        layers += [nn.Conv2d(depth, count, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        depth, height, width = count, height // 2, width // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(depth * height * width, outputs))


class Attention(nn.Module):
    """Self-attention whose affine maps are modules: what nn.MultiheadAttention computes, which keeps them to itself."""

    def __init__(self, dimension, heads):
        super().__init__()
        self.heads = heads
        self.in_proj = nn.Linear(dimension, 3 * dimension)
        self.out_proj = nn.Linear(dimension, dimension)

    def forward(self, x):
        samples, tokens, dimension = x.shape
        q, k, v = self.in_proj(x).view(samples, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        heads = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.out_proj(heads.transpose(1, 2).reshape(samples, tokens, dimension))


class Block(nn.Module):
    """nn.TransformerEncoderLayer with norm_first=True and without dropout, of modules that teleportation can move."""

    def __init__(self, dimension, heads):
        super().__init__()
        self.self_attn = Attention(dimension, heads)
        self.linear1 = nn.Linear(dimension, 4 * dimension)
        self.linear2 = nn.Linear(4 * dimension, dimension)
        self.norm1 = nn.LayerNorm(dimension)
        self.norm2 = nn.LayerNorm(dimension)

    def forward(self, x):
        x = x + self.self_attn(self.norm1(x))
        return x + self.linear2(nn.functional.relu(self.linear1(self.norm2(x))))


def encoder_layer(dimension, heads):
    """PyTorch's own block."""
    return nn.TransformerEncoderLayer(
        dimension, heads, 4 * dimension, dropout=0, batch_first=True, norm_first=True
    )


class Transformer(nn.Module):
    """Predicts from a sequence `[N, T, features]`: the head reads the last token."""

    def __init__(self, features, outputs, length, heads, layers, block, head_size=64):
        super().__init__()
        dimension = head_size * heads
        self.embedding = nn.Linear(features, dimension)
        angles = torch.arange(length).unsqueeze(1) * torch.exp(
            torch.arange(0, dimension, 2) * (-math.log(10000.0) / dimension)
        )
        self.register_buffer("positions", torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1))
        self.layers = nn.Sequential(*(block(dimension, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(dimension)
        self.head = nn.Linear(dimension, outputs)

    def forward(self, x):
        x = self.layers(self.embedding(x) + self.positions[: x.shape[1]])
        return self.head(self.norm(x)[:, -1])


def train(model, loss_function, optimizer, batches, steps):
    """Takes a number of optimizer steps, going round through the batches `(x, y)`."""
    for x, y in itertools.islice(itertools.cycle(batches), steps):
        optimizer.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()
