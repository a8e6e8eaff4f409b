"""Models and training steps, as PyTorch's tutorials write them."""

import itertools

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


def train(model, loss_function, optimizer, batches, steps):
    """Takes a number of optimizer steps, going round through the batches `(x, y)`."""
    for x, y in itertools.islice(itertools.cycle(batches), steps):
        optimizer.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()
