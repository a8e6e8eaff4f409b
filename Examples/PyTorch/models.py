"""The models of `teleport` in PyTorch. Their state dictionaries are what `teleport apply` takes and gives:

    import models, safetensors.torch
    model = models.mlp(784, [512, 512], 10)
    ...                                                          # train
    safetensors.torch.save_model(model, "model.safetensors")
    # $ teleport apply --model mlp:512,512 --weights model.safetensors --dataset mnist --data DIR --output moved.safetensors
    safetensors.torch.load_model(model, "moved.safetensors")     # train on

A model of one's own goes there and back too if its modules have these names.
"""
import torch
from torch import nn


def mlp(inputs, hidden, outputs, activation=nn.ReLU):
    """`--model mlp:512,512`, with hidden = [512, 512]; images of any shape, flattened."""
    layers = [nn.Flatten()]
    for before, after in zip([inputs, *hidden], [*hidden, outputs]):
        layers += [nn.Linear(before, after), activation()]
    return nn.Sequential(*layers[:-1])


def cnn(image, channels, outputs, activation=nn.ReLU):
    """`--model cnn:16,32,64`, with channels = [16, 32, 64]; image = (channels, height, width)."""
    depth, height, width = image
    layers = []
    for before, after in zip([depth, *channels], channels):
        layers += [nn.Conv2d(before, after, 3, padding=1), activation(), nn.MaxPool2d(2)]
        height, width = height // 2, width // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * height * width, outputs))


class Residual(nn.Sequential):
    """x + body(x)"""

    def forward(self, x):
        return x + super().forward(x)


def resnet(image, channels, outputs):
    """`--model resnet:64,64,128,128`; new channels halve the image, the same ones make residual connections two by two."""
    depth, height, width = image

    def convolution(before, after, stride):
        return [nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.BatchNorm2d(after)]

    layers, left = [], list(channels)
    while left:
        after = left.pop(0)
        if not layers or after != depth:
            layers += [*convolution(depth, after, 2), nn.ReLU()]
            depth, height, width = after, (height + 1) // 2, (width + 1) // 2
        else:
            body = convolution(after, after, 1)
            if left and left[0] == after:
                body += [nn.ReLU(), *convolution(after, left.pop(0), 1)]
            layers += [Residual(*body), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(depth * height * width, outputs))


class Transformer(nn.Module):
    """`--model transformer:heads=4,head-size=64,layers=4`.

    The task is "classes" (the head reads the mean of the tokens), "numbers" (it reads the last one) or "words" (it reads
    each, which sees those before it). inputs are the features of a token, or the words that there are. Where
    `model.head.weight = model.embedding.weight` ties the two, they stay tied.
    """

    def __init__(self, task, inputs, outputs, heads, head_size=64, layers=4):
        super().__init__()
        size = heads * head_size
        self.task = task
        self.embedding = nn.Embedding(inputs, size) if task == "words" else nn.Linear(inputs, size)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(size, heads, 4 * size, dropout=0, batch_first=True, norm_first=True)
            for _ in range(layers))
        self.norm = nn.LayerNorm(size)
        self.head = nn.Linear(size, outputs)

    def forward(self, x):
        x = self.embedding(x)
        length, size = x.shape[1:]
        angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, size, 2) / size).double()
        x = x + torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(length, size).to(x)
        is_causal = self.task == "words"
        mask = torch.full((length, length), -torch.inf).triu(1).to(x) if is_causal else None
        for layer in self.layers:
            x = layer(x, src_mask=mask, is_causal=is_causal)
        x = self.norm(x)
        return self.head({"classes": lambda: x.mean(1), "numbers": lambda: x[:, -1], "words": lambda: x}[self.task]())
