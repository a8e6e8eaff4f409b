#!/usr/bin/env python3
"""Measures the published algorithms in PyTorch; the counterpart of `teleport bench`."""

import argparse
import ctypes
import gc
import json
import pathlib
import statistics
import time

import torch
from torch import nn

import generalization
import learning
import symmetry
from null_space import teleport
from training import Block, Transformer, cnn, encoder_layer, mlp, train

WARM_UP = 3

# A repetition of the transformer takes a hundred times as long as those of the other models.
LONG = {"warm_up": 1, "most_repetitions": 5}

# Small enough for every case to stay finite without a cap; they have no influence on the time.
TELEPORT_LEARNING_RATE = 0.01
TRANSFORMER_TELEPORT_LEARNING_RATE = 1e-4
SYMMETRY_LEARNING_RATE = 1e-3

# The names that are measured; none stands for all.
CHOSEN = set()

IMAGE_SHAPE = (3, 32, 32)
# A week of hours.
SERIES_SHAPE = (168, 8)


def random_batches(count, samples, shape=(784,), classes=10):
    """Batches of normal inputs and uniform labels."""
    generator = torch.Generator().manual_seed(0)
    return [
        (
            torch.randn(samples, *shape, generator=generator),
            torch.randint(classes, (samples,), generator=generator),
        )
        for _ in range(count)
    ]


def random_series(count, samples):
    """Batches of normal sequences and as many normal targets for each as it has features."""
    generator = torch.Generator().manual_seed(0)
    return [
        (
            torch.randn(samples, *SERIES_SHAPE, generator=generator),
            torch.randn(samples, SERIES_SHAPE[1], generator=generator),
        )
        for _ in range(count)
    ]


def series_transformer(block):
    """NS25's network for time series."""
    length, features = SERIES_SHAPE
    return Transformer(features, features, length, heads=4, layers=4, block=block)


def cifar_cnn():
    """NS25's network for CIFAR."""
    return cnn(IMAGE_SHAPE, [16, 32, 64], 10)


def measured(name, repetitions, body, prepare=lambda: None, per=1, warm_up=WARM_UP, most_repetitions=1000):
    """Seconds that `body` takes, divided by `per`, over repetitions; `prepare` runs before each and is not timed.

    None where the name is not among those that were chosen.
    """
    if CHOSEN and name not in CHOSEN:
        return None
    seconds = []
    repetitions = min(repetitions, most_repetitions)
    for repetition in range(warm_up + repetitions):
        prepare()
        start = time.perf_counter()
        body()
        if repetition >= warm_up:
            seconds.append((time.perf_counter() - start) / per)
    return {
        "name": name,
        "median": statistics.median(seconds),
        "minimum": min(seconds),
        "maximum": max(seconds),
        "repetitions": repetitions,
        "unit": "s",
    }


def resident_memory(field):
    """Bytes that Linux counts for this process: `VmRSS` now, `VmHWM` at the peak."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status does not have {field}")


def measured_memory(name, repetitions, body, prepare=lambda: None, most_repetitions=1000, **_):
    """How many bytes more than before the process has at the peak of `body`; done once to warm up."""
    if CHOSEN and name not in CHOSEN:
        return None
    # M_MMAP_THRESHOLD: large blocks go back to the system when they are freed, whatever lies behind them in the heap.
    ctypes.CDLL(None).mallopt(-3, 64 << 10)
    peaks = []
    repetitions = min(repetitions, most_repetitions)
    for repetition in range(1 + repetitions):
        prepare()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        # Starts the count of the peak anew.
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        before = resident_memory("VmRSS")
        body()
        if repetition > 0:
            peaks.append(resident_memory("VmHWM") - before)
    return {
        "name": name,
        "median": statistics.median(peaks),
        "minimum": min(peaks),
        "maximum": max(peaks),
        "repetitions": repetitions,
        "unit": "B",
    }


def teleport_case(
    name,
    repetitions,
    make_model,
    data,
    steps,
    loss_function=nn.functional.cross_entropy,
    learning_rate=TELEPORT_LEARNING_RATE,
    measure=measured,
    **options,
):
    """One whole teleport (decompositions and steps), from the same weights each time, without a cap."""
    torch.manual_seed(0)
    model = make_model()
    start = {key: value.clone() for key, value in model.state_dict().items()}
    return measure(
        name,
        repetitions,
        lambda: teleport(model, loss_function, data, learning_rate, steps),
        prepare=lambda: model.load_state_dict(start),
        **options,
    )


def train_case(
    name,
    repetitions,
    make_model,
    data,
    optimizer,
    steps,
    loss_function=nn.functional.cross_entropy,
    measure=measured,
    **options,
):
    """One training step, measured in blocks of `steps`."""
    torch.manual_seed(0)
    model = make_model()
    optimizer = optimizer(model.parameters())
    return measure(
        name,
        repetitions,
        lambda: train(model, loss_function, optimizer, data, steps),
        # The gradients of the last repetition are not part of what there was before this one.
        prepare=optimizer.zero_grad,
        per=steps,
        **options,
    )


def teleport_suite(repetitions):
    """A teleport at the sizes of NS25's MLP, CNN and transformer."""
    large = lambda: mlp([784, 1024, 1024, 10])
    yield teleport_case("teleport/mlp-1024", repetitions, large, random_batches(1, 32), steps=8)
    yield teleport_case("teleport/cnn", repetitions, cifar_cnn, random_batches(1, 256, IMAGE_SHAPE), steps=8)
    # Of the kernels of attention only that of plain operations has second derivatives.
    with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
        yield teleport_case(
            "teleport/transformer",
            repetitions,
            lambda: series_transformer(Block),
            random_series(1, 32),
            steps=8,
            loss_function=nn.functional.mse_loss,
            learning_rate=TRANSFORMER_TELEPORT_LEARNING_RATE,
            **LONG,
        )


def symmetry_suite(repetitions):
    """ST22's network for MNIST: 10 steps on one batch of 20."""
    torch.manual_seed(0)
    model = mlp([784, 512, 512, 10], lambda: nn.LeakyReLU(symmetry.SLOPE))
    start = {key: value.clone() for key, value in model.state_dict().items()}
    data = random_batches(1, 20)
    yield measured(
        "symmetry/mlp-512",
        repetitions,
        lambda: symmetry.teleport(model, nn.functional.cross_entropy, data, SYMMETRY_LEARNING_RATE, steps=10),
        prepare=lambda: model.load_state_dict(start),
    )


def sharpness_suite(repetitions):
    """The sharpness of ST22's network over two displacements and eight directions, on 200 samples."""
    torch.manual_seed(0)
    model = mlp([784, 512, 512, 10], lambda: nn.LeakyReLU(symmetry.SLOPE))
    (data,) = random_batches(1, 200)
    yield measured(
        "sharpness/mlp-512",
        repetitions,
        lambda: generalization.sharpness(model, nn.functional.cross_entropy, data, [1, -1], directions=8),
    )


def curvature_suite(repetitions):
    """The curvature of one random curve through the weights of ST22's network, on 20 samples."""
    torch.manual_seed(0)
    model = mlp([784, 512, 512, 10], lambda: nn.LeakyReLU(symmetry.SLOPE))
    (data,) = random_batches(1, 20)
    yield measured(
        "curvature/mlp-512", repetitions, lambda: generalization.curvature(model, data, curves=1), **LONG
    )


def train_suite(repetitions):
    """Training steps."""
    small = lambda: mlp([784, 16, 10, 10], lambda: nn.LeakyReLU(0.1))
    large = lambda: mlp([784, 1024, 1024, 10])
    sgd, adam = torch.optim.SGD, torch.optim.Adam
    yield train_case("train/mlp-small", repetitions, small, random_batches(8, 20), sgd, steps=200)
    yield train_case("train/mlp-1024-sgd", repetitions, large, random_batches(8, 32), sgd, steps=20)
    yield train_case("train/mlp-1024-adam", repetitions, large, random_batches(8, 32), adam, steps=20)
    yield train_case("train/cnn", repetitions, cifar_cnn, random_batches(8, 32, IMAGE_SHAPE), sgd, steps=20)
    yield train_case(
        "train/transformer",
        repetitions,
        lambda: series_transformer(encoder_layer),
        random_series(1, 32),
        sgd,
        steps=1,
        loss_function=nn.functional.mse_loss,
        **LONG,
    )


def learn_suite(repetitions):
    """PS24 Algorithm 1 on one trajectory of 100 steps."""
    for name, quantity in [("update", "update"), ("update-teleport", "update+teleport")]:
        meta = learning.MetaOptimizer([20, 20, 20], quantity, seed=0)
        yield measured(
            f"learn/{name}", repetitions, lambda: learning.learn(meta, 0, samples=20), most_repetitions=10
        )


def scaling_suite(repetitions):
    """NS25 figure 3: the time of a teleport against steps t, width d, samples n, layers l and batches b."""
    base = {"t": 8, "d": 256, "n": 64, "l": 4, "b": 1}
    ranges = {
        "t": [1, 2, 4, 8, 16],
        "d": [64, 128, 256, 512, 1024],
        "n": [16, 32, 64, 128, 256],
        "l": [2, 3, 4, 5, 6],
        "b": [1, 2, 4, 8],
    }
    for variable, values in ranges.items():
        for value in values:
            case = {**base, variable: value}
            sizes = [784] + [case["d"]] * (case["l"] - 1) + [10]
            data = random_batches(case["b"], case["n"])
            yield teleport_case(f"scaling/{variable}={value}", repetitions, lambda: mlp(sizes), data, case["t"])


def memory_suite(repetitions):
    """Training steps and teleports on the same batch."""
    options = {"measure": measured_memory}
    large = lambda: mlp([784, 1024, 1024, 10])
    sgd = torch.optim.SGD
    batches, images, series = random_batches(1, 32), random_batches(1, 256, IMAGE_SHAPE), random_series(1, 32)
    yield train_case("memory/train-mlp-1024", repetitions, large, batches, sgd, steps=8, **options)
    yield teleport_case("memory/teleport-mlp-1024", repetitions, large, batches, steps=8, **options)
    yield train_case("memory/train-cnn", repetitions, cifar_cnn, images, sgd, steps=8, **options)
    yield teleport_case("memory/teleport-cnn", repetitions, cifar_cnn, images, steps=8, **options)
    options = {**options, **LONG, "loss_function": nn.functional.mse_loss}
    model = lambda: series_transformer(encoder_layer)
    yield train_case("memory/train-transformer", repetitions, model, series, sgd, steps=1, **options)
    with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
        model = lambda: series_transformer(Block)
        options["learning_rate"] = TRANSFORMER_TELEPORT_LEARNING_RATE
        yield teleport_case("memory/teleport-transformer", repetitions, model, series, steps=8, **options)


def share_suite(repetitions):
    """The share of the time of an epoch that NS25's teleports take: 32 batches of 8 steps, before as many steps of training.

    One batch in 16, and 20 steps, stand for the others: all take the same time.
    """
    families = [
        ("mlp-1024", lambda: mlp([784, 1024, 1024, 10]), random_batches(2, 32), 1875, {}),
        ("cnn", lambda: cnn((1, 28, 28), [16, 32, 64], 10), random_batches(2, 256, (1, 28, 28)), 1875, {}),
        (
            "transformer",
            lambda: Transformer(8, 8, SERIES_SHAPE[0], heads=4, layers=2, block=Block, head_size=16),
            random_series(2, 32),
            100,
            {"loss_function": nn.functional.mse_loss, "learning_rate": TRANSFORMER_TELEPORT_LEARNING_RATE},
        ),
    ]
    repetitions = min(repetitions, 3)
    for name, make_model, data, steps, options in families:
        # Training batches have 32 samples, those of a convolutional network's teleports more.
        batches = [(x[:32], y[:32]) for x, y in data]
        loss = {key: value for key, value in options.items() if key == "loss_function"}
        name = f"share/{name}"
        step = train_case(name, repetitions, make_model, batches, torch.optim.SGD, steps=20, **loss)
        with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
            teleports = teleport_case(name, repetitions, make_model, data, steps=8, **options, warm_up=1)
        if step is None:
            continue
        shares = {
            key: 16 * teleports[key] / (16 * teleports[key] + steps * step[key])
            for key in ("median", "minimum", "maximum")
        }
        yield {"name": name, **shares, "repetitions": repetitions, "unit": "1"}


SUITES = {
    "teleport": teleport_suite,
    "symmetry": symmetry_suite,
    "sharpness": sharpness_suite,
    "curvature": curvature_suite,
    "train": train_suite,
    "learn": learn_suite,
    "scaling": scaling_suite,
    "memory": memory_suite,
    "share": share_suite,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", choices=SUITES, required=True)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="default: %(default)s")
    parser.add_argument("--repetitions", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--names", help="what is measured, as teleport/mlp-1024,teleport/cnn; default: all")
    parser.add_argument("--json", action="store_true", help="print a JSON array instead of a table")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    CHOSEN.update(arguments.names.split(",") if arguments.names else [])

    results = [result for result in SUITES[arguments.suite](arguments.repetitions) if result is not None]
    if arguments.json:
        print(json.dumps(results, indent=2))
        return
    print(f"{'name':<28}{'median':>12}{'minimum':>12}{'maximum':>12}")
    for result in results:
        factor, unit = {"s": (1e3, "ms"), "B": (1e-6, "MB"), "1": (100, "%")}[result["unit"]]
        values = "".join(f"{factor * result[key]:>12.3f}" for key in ("median", "minimum", "maximum"))
        print(f"{result['name']:<28}{values} {unit}")


if __name__ == "__main__":
    main()
