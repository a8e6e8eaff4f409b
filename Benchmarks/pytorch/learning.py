"""Learning to teleport (PS24 Algorithm 1) in PyTorch, with `nn.LSTMCell`, autograd and `torch.optim.Adam` as they come."""

import torch
from torch import nn

SLOPE = 0.1
LARGEST_UPDATE = 1e7
STEP_SIZES = (1e-7, 5e-3)
FIRST_STEP_SIZE = 1e-4
NORM = 0.01


class MetaLSTM(nn.Module):
    """Two LSTM cells with linear heads."""

    def __init__(self, inputs, hidden, outputs, generator, dtype):
        super().__init__()
        self.cells = nn.ModuleList(nn.LSTMCell(count, hidden, dtype=dtype) for count in (inputs, hidden))
        self.heads = nn.ModuleList(nn.Linear(hidden, count, dtype=dtype) for count in outputs)
        # As PyTorch draws them, but in an order that other programs can follow.
        bound = hidden**-0.5
        with torch.no_grad():
            for parameter in self.parameters():
                draw = torch.rand(parameter.shape, generator=generator, dtype=dtype)
                parameter.copy_(draw * (2 * bound) - bound)

    def forward(self, x, state):
        states = []
        for cell, before in zip(self.cells, state):
            states.append(cell(x, before))
            x = states[-1][0]
        return [head(x) for head in self.heads], states

    def start(self):
        """What is remembered before the first step: zeros."""
        weight = self.heads[0].weight
        zeros = weight.new_zeros(1, weight.shape[1])
        return [(zeros, zeros), (zeros, zeros)]


class MetaOptimizer:
    """m1 where updates are learned, and an m2 for each pair of layers where teleports are, with a step size where there is no m1."""

    def __init__(self, sizes, quantity, seed, hidden=300, rates=(1e-3, 1e-4), exponential=True, dtype=torch.float32):
        counts = [i * o for i, o in zip(sizes, sizes[1:])]
        generator = torch.Generator().manual_seed(seed)
        self.sizes, self.exponential, self.dtype = sizes, exponential, dtype
        self.update, self.pairs = None, []
        if "update" in quantity:
            self.update = MetaLSTM(sum(counts), hidden, [sum(counts)], generator, dtype)
        if "teleport" in quantity:
            for a, b, k in zip(counts, counts[1:], sizes[1:]):
                outputs = [k * k] + ([] if self.update else [1])
                self.pairs.append(MetaLSTM(a + b, hidden, outputs, generator, dtype))
        with torch.no_grad():
            for rate_head in [m.heads[1] for m in self.pairs if len(m.heads) > 1]:
                rate_head.weight.zero_()
                rate_head.bias.fill_(FIRST_STEP_SIZE / STEP_SIZES[1])
        self.networks = [m for m in [self.update, *self.pairs] if m is not None]
        self.optimizers = [
            torch.optim.Adam(m.parameters(), lr=rates[0] if m is self.update else rates[1]) for m in self.networks
        ]

    def start(self):
        return [m.start() for m in self.networks]

    def step(self, weights, gradients, dual, x, states):
        """The weights after an update and a teleport, and what the networks remember then."""
        states, after, moved = list(states), [], list(weights)
        flat = [g.reshape(1, -1) for g in gradients]
        elements, step_sizes = [], []
        if self.update is not None:
            (update,), state = self.update(torch.cat(flat, 1), states.pop(0))
            after.append(state)
            parts = update.clamp(-LARGEST_UPDATE, LARGEST_UPDATE).split([w.numel() for w in weights], 1)
            moved = [w + part.reshape(w.shape) for w, part in zip(weights, parts)]
        for m, a, b, k in zip(self.pairs, flat, flat[1:], self.sizes[1:]):
            (element, *shares), state = m(torch.cat([a, b], 1), states.pop(0))
            after.append(state)
            element = element.reshape(k, k)
            elements.append(element / element.norm() * NORM)
            step_sizes += [(share * STEP_SIZES[1]).clamp(*STEP_SIZES) for share in shares]
        if step_sizes:
            rate = torch.stack(step_sizes).mean()
            moved = [w - rate * g for w, g in zip(weights, gradients)]
        return teleported(moved, x, dual, elements, self.exponential), after


def teleported(weights, x, dual, elements, exponential):
    """The weights after the exact action of each pair's element, from the first layer up; `dual` is `pinv(x)^T`."""
    for index, element in enumerate(elements):
        if exponential:
            g, inverse = torch.matrix_exp(element), torch.matrix_exp(-element)
        else:
            identity = torch.eye(len(element), dtype=element.dtype)
            g, inverse = identity + element, identity - element
        z = x @ weights[index].T
        image = nn.functional.leaky_relu(z, SLOPE) @ g.T
        change = nn.functional.leaky_relu(image, 1 / SLOPE) - z
        weights[index] = weights[index] + change.T @ dual
        weights[index + 1] = weights[index + 1] @ inverse
        if index + 1 < len(elements):
            x = nn.functional.leaky_relu(x @ weights[index].T, SLOPE)
            dual = torch.linalg.pinv(x).T
    return weights


def loss_of(weights, x, y):
    for weight in weights[:-1]:
        x = nn.functional.leaky_relu(x @ weight.T, SLOPE)
    difference = y - x @ weights[-1].T
    return 0.5 * (difference * difference).sum()


def problem(seed, sizes, samples, dtype=torch.float32):
    """Weights, inputs and targets, uniform in [0, 1); samples are rows."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.rand(shape, generator=generator, dtype=dtype)
    weights = [draw(o, i) for i, o in zip(sizes, sizes[1:])]
    x, y = draw(sizes[0], samples), draw(sizes[-1], samples)
    return weights, x.T.contiguous(), y.T.contiguous()


def learn(meta, seed, samples, steps=100, unroll=10):
    """One training trajectory, with truncated backpropagation after every `unroll` steps. Returns the losses there."""
    weights, x, y = problem(seed, meta.sizes, samples, meta.dtype)
    dual = torch.linalg.pinv(x).T
    states, losses, total = meta.start(), [], 0
    weights = [w.requires_grad_() for w in weights]
    loss = loss_of(weights, x, y)
    for step in range(1, steps + 1):
        # Without create_graph: the gradients that the networks read are data.
        gradients = torch.autograd.grad(loss, weights, retain_graph=True)
        weights, states = meta.step(weights, gradients, dual, x, states)
        # Views: the pairs of layers make one weight depend on another, and gradients are to be those of each with the others held.
        weights = [w.view_as(w) for w in weights]
        loss = loss_of(weights, x, y)
        total = total + loss
        if step % unroll == 0:
            for optimizer in meta.optimizers:
                optimizer.zero_grad()
            total.backward()
            for optimizer in meta.optimizers:
                optimizer.step()
            losses.append(loss.item())
            weights = [w.detach().requires_grad_() for w in weights]
            states = [[(h.detach(), c.detach()) for h, c in state] for state in states]
            loss, total = loss_of(weights, x, y), 0
    return losses


def run(meta, seed, samples, steps=100):
    """The losses before each step, and after the last, of a training that nothing is learned from."""
    weights, x, y = problem(seed, meta.sizes, samples, meta.dtype)
    dual = torch.linalg.pinv(x).T
    states, losses = meta.start(), []
    for _ in range(steps):
        weights = [w.detach().requires_grad_() for w in weights]
        loss = loss_of(weights, x, y)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            weights, states = meta.step(weights, gradients, dual, x, states)
    return losses + [loss_of(weights, x, y).item()]
