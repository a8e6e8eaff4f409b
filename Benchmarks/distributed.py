#!/usr/bin/env python3
"""Measures `teleport bench distributed` in one process and in two, beside what a model predicts, as a Markdown table.

The model takes the time of a process's own samples from one process, and the cost of a message from the collectives that the two
measure between other work, counts operations and bytes (Documentation/Scaling.md), and predicts the times of two. With --plan it
goes on to more.

--link DELAY_MS:MBIT puts the two processes into network namespaces of their own, joined by a link that delays and narrows what goes
through it: a relay between two TUN devices, since not every kernel has a queue that delays. It needs root.
"""

import argparse
import contextlib
import fcntl
import heapq
import itertools
import json
import os
import select
import shlex
import socket
import struct
import subprocess
import sys
import threading
import time

# The layers of the perceptron that is measured: outputs and inputs.
PERCEPTRON = [(1024, 784), (1024, 1024), (10, 1024)]


def training(samples, ranks):
    """The products of a training step that a process computes, in multiplications and additions, and what it sends."""
    shared = repeated = 0
    sums, parts = [], []
    for index, (out, columns) in enumerate(PERCEPTRON):
        # Forward, and back to the inputs of all layers but the first.
        shared += (2 if index > 0 else 1) * 2 * samples * out * columns
        update = 2 * samples * out * columns
        if samples * (out + columns) < 2 * out * columns and samples <= max(out, columns):
            # The factors of all samples are at each process, which forms their product.
            repeated += update
            parts.append(samples / ranks * (out + columns))
        else:
            shared += update
            sums.append(out * columns)
        sums.append(out)
    return shared, repeated, sum(sums) + 1, sum(parts)


def teleport(samples, ranks, steps=8):
    """The same of a teleport of so many steps."""
    shared = repeated = 0
    sums, parts = 2, 0
    for index, (out, columns) in enumerate(PERCEPTRON):
        step_shared = (3 if index > 0 else 1) * 2 * samples * out * columns
        shared += 2 * 2 * samples * out * columns + steps * step_shared
        whole_shared, whole_repeated, whole_sums, whole_parts = 0, 0, 0, 0
        # The gradient of each step, factored where the factors are fewer numbers.
        if samples * (out + columns) < 2 * out * columns and samples <= max(out, columns):
            whole_parts += samples / ranks * (out + columns)
            # The norm of the gradient.
            whole_repeated += 2 * samples * samples * (out + columns)
        else:
            whole_shared += 2 * samples * out * columns
            whole_sums += out * columns
        if index > 0:
            dimension = columns + 1
            if samples < dimension:
                # QR of the rows, once, and the projection of as many rows in each step.
                parts += samples / ranks * dimension
                repeated += 4 * samples * samples * dimension
                basis = samples
            else:
                sums += 2 * dimension * dimension
                shared += samples * dimension * dimension
                repeated += 9 * dimension**3
                basis = dimension
            if samples <= out:
                whole_parts += samples / ranks * columns
                whole_repeated += 4 * samples * basis * columns + 2 * samples * out * columns
            else:
                whole_shared += 2 * samples * out * columns
                whole_sums += out * columns
                whole_repeated += 4 * out * basis * columns
        shared += steps * whole_shared
        repeated += steps * whole_repeated
        sums += steps * whole_sums
        parts += steps * whole_parts
    return shared, repeated, sums, parts


class Messages:
    """What collectives cost: between the sizes that were measured, what those take; for more processes, a ring's steps and bytes."""

    def __init__(self, results):
        """From the sums and gathers of two processes."""
        product = results["distributed/product"]["minimum"]
        sizes = lambda kind: sorted(
            (int(name.rsplit("-", 1)[1]), max(result["minimum"] - product, 0))
            for name, result in results.items() if name.startswith(f"distributed/product-and-{kind}-")
        )
        self.sums, self.gathers = sizes("sum"), sizes("gather")
        self.latency = self.sums[0][1]
        (size, seconds) = self.sums[-1]
        self.byte = (seconds - self.latency) / size

    @staticmethod
    def interpolated(points, size):
        if size <= points[0][0]:
            return points[0][1]
        for (low, before), (high, after) in zip(points, points[1:]):
            if size <= high:
                return before + (after - before) * (size - low) / (high - low)
        return points[-1][1] * size / points[-1][0]

    def seconds(self, collectives, sums, parts, ranks):
        """So many collectives with so many numbers in sums, and in the parts of a process that are gathered."""
        summed, gathered = 4 * sums / collectives, 4 * parts / collectives
        # Each collective as an average one of both kinds; of two processes each sends n bytes of a sum or a part of n.
        share = summed / (summed + gathered)
        two = share * self.interpolated(self.sums, summed + gathered)
        two += (1 - share) * self.interpolated(self.gathers, summed + gathered)
        hops = max(1, (ranks - 1).bit_length())
        sent = share * 2 * (ranks - 1) / ranks + (1 - share) * (ranks - 1)
        return collectives * (hops * self.latency + sent * max(two - self.latency, 0))


def predicted(name, one, messages, collectives, ranks=2):
    """The seconds that a piece of work takes in so many processes: to compute, and to send."""
    work, samples = name.rsplit("-", 1)
    kind, *model = work.removeprefix("distributed/").split("-")
    samples, own = int(samples), int(samples) // ranks
    seconds = lambda count: one[f"{work}-{count}"]["minimum"]
    if model[0] == "cnn":
        # Of a convolution all products are of samples, and what is sent is small.
        return seconds(own), collectives * messages.latency
    operations = {"train": training, "teleport": teleport}[kind]
    shared, repeated, sums, parts = operations(samples, ranks)
    whole, alone = (sum(operations(count, 1)[:2]) for count in (samples, own))
    # Beside its own samples' work, a process repeats some of that of all.
    per_operation = max(seconds(samples) - seconds(own), 0) / (whole - alone)
    further = shared / ranks + repeated - alone
    return seconds(own) + further * per_operation, messages.seconds(collectives, sums, parts, ranks)


# The link between two namespaces.


class Link:
    """Two network namespaces with a link between them that delays each packet, and lets through so many bits in a second."""

    def __init__(self, delay, rate):
        self.delay, self.rate = delay, rate
        self.names = [f"teleport{os.getpid()}-{side}" for side in (0, 1)]
        self.devices = [f"tp{os.getpid() % 10000}-{side}" for side in (0, 1)]

    def __enter__(self):
        self.files = []
        for side, (name, device) in enumerate(zip(self.names, self.devices)):
            file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            # TUNSETIFF with IFF_TUN and IFF_NO_PI.
            fcntl.ioctl(file, 0x400454CA, struct.pack("16sH", device.encode(), 0x1001))
            self.files.append(file)
            run = lambda *command: subprocess.run(["ip", *command], check=True)
            run("netns", "add", name)
            run("link", "set", device, "netns", name)
            run("-n", name, "addr", "add", f"10.77.0.{side + 1}/24", "dev", device)
            run("-n", name, "link", "set", device, "mtu", "9000", "up")
            run("-n", name, "link", "set", "lo", "up")
        self.stop = threading.Event()
        self.relay = threading.Thread(target=self.forward)
        self.relay.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.relay.join()
        for file in self.files:
            os.close(file)
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], check=True)

    def forward(self):
        queue, order, free = [], itertools.count(), [0.0, 0.0]
        while not self.stop.is_set():
            wait = max(0, queue[0][0] - time.monotonic()) if queue else 0.1
            for file in select.select(self.files, [], [], min(wait, 0.1))[0]:
                side = self.files.index(file)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        packet = os.read(file, 65536)
                        free[side] = max(free[side], time.monotonic()) + 8 * len(packet) / self.rate
                        heapq.heappush(queue, (free[side] + self.delay, next(order), 1 - side, packet))
            while queue and queue[0][0] <= time.monotonic():
                _, _, side, packet = heapq.heappop(queue)
                with contextlib.suppress(OSError):
                    os.write(self.files[side], packet)


def measure(command, repetitions, ranks, link=None):
    """What the benchmark prints: name to result. One process runs beside a second one that has nothing to do with it, as each of two
    does: processors that are all busy are slower than one that has the machine to itself."""
    full = [*shlex.split(command), "distributed", "--threads", "1", "--repetitions", str(repetitions), "--json", "--quiet"]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    if ranks == 1:
        both = [subprocess.Popen(full, stdout=subprocess.PIPE, env=environment) for _ in range(2)]
        return results([process.communicate()[0] for process in both][0])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(ranks):
        own = environment | {
            "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks), "MASTER_PORT": str(port),
            "MASTER_ADDR": "10.77.0.1" if link else "127.0.0.1",
        }
        place = []
        if link:
            own["GLOO_SOCKET_IFNAME"] = link.devices[rank]
            place = ["ip", "netns", "exec", link.names[rank]]
        processes.append(subprocess.Popen([*place, *full], stdout=subprocess.PIPE, env=own))
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("distributed.py: a process failed; see above")
    return results(outputs[0])


def results(output):
    return {result["name"]: result for result in json.loads(output)}


def table(one, two, messages):
    """The rows in Markdown."""
    lines = [
        "| work | one process | two | times faster | collectives | sent | waiting | predicted | of measured |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, result in two.items():
        traffic = result["traffic"]
        sent = f"{traffic['collectives']:.0f} | {traffic['bytes'] / 1e6:.3f} MB | {1e3 * traffic['waiting']:.2f} ms"
        if name not in one:
            lines.append(f"| {name} | | {1e3 * result['minimum']:.2f} ms | | {sent} | | |")
            continue
        alone, together = one[name]["minimum"], result["minimum"]
        guess = sum(predicted(name, one, messages, traffic["collectives"]))
        lines.append(
            f"| {name} | {1e3 * alone:.1f} ms | {1e3 * together:.1f} ms | {alone / together:.2f} | {sent} "
            f"| {1e3 * guess:.1f} ms | {guess / together:.2f} |"
        )
    return "\n".join(lines)


def plan(one, two, messages):
    """What the model says of more processes, each with its share of the same batch."""
    lines = [
        "| work | processes | computed | sent | times faster |",
        "|:--|--:|--:|--:|--:|",
    ]
    for name in one:
        if "-mlp-" not in name or name not in two:
            continue
        work, samples = name.rsplit("-", 1)
        collectives = two[name]["traffic"]["collectives"]
        for ranks in (2, 8, 64, 1024):
            if int(samples) < ranks or f"{work}-{int(samples) // ranks}" not in one:
                continue
            computed, sent = predicted(name, one, messages, collectives, ranks)
            lines.append(
                f"| {name} | {ranks} | {1e3 * computed:.1f} ms | {1e3 * sent:.1f} ms "
                f"| {one[name]['minimum'] / (computed + sent):.2f} |"
            )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=".build/release/teleport bench", metavar="COMMAND", help="default: %(default)s")
    parser.add_argument("--repetitions", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="one process and two in turn; default: %(default)s")
    parser.add_argument("--link", metavar="DELAY_MS:MBIT", help="join the two by such a link, as 1:1000; needs root")
    parser.add_argument("--plan", action="store_true", help="what the model says of 8, 64 and 1,024 processes")
    parser.add_argument("--json", metavar="FILE", help="write the measurements there, too")
    arguments = parser.parse_args()
    link = contextlib.nullcontext()
    if arguments.link:
        delay, rate = map(float, arguments.link.split(":"))
        link = Link(delay * 1e-3, rate * 1e6)
    best = [{}, {}]
    with link as joined:
        for _ in range(arguments.rounds):
            for side, ranks in enumerate((1, 2)):
                for name, result in measure(arguments.ours, arguments.repetitions, ranks, joined).items():
                    known = best[side].get(name)
                    best[side][name] = result if known is None or result["minimum"] < known["minimum"] else known
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(best, file)
    messages = Messages(best[1])
    print(table(*best, messages))
    print(f"\nA small collective takes {1e6 * messages.latency:.0f} us, and a byte of a large one {1e9 * messages.byte:.2f} ns.")
    if arguments.plan:
        print("\n" + plan(*best, messages))


if __name__ == "__main__":
    main()
