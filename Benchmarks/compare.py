#!/usr/bin/env python3
"""Runs the benchmarks of this project and of PyTorch in turn and prints the ratios as a Markdown table.

The two take turns in rounds, so that whatever else the machine is doing meets both. A round's time is the median over
its repetitions; the table has the median over the rounds.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys

BENCH = pathlib.Path(__file__).parent / "pytorch" / "bench.py"

# What PyTorch takes divided by what this project takes, at least.
TARGETS = {
    "teleport/mlp-1024": 8,
    "teleport/cnn": 3,
    "teleport/transformer": 3,
    "symmetry/mlp-512": 10,
    "train/mlp-small": 3,
    "train/mlp-1024-sgd": 1.2,
    "train/mlp-1024-adam": 2,
    "train/cnn": 1.0,
    "train/transformer": 1.0,
    "learn/update": 2,
    "learn/update-teleport": 2,
}


def run(command):
    """What a benchmark command prints: name to median and unit."""
    try:
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        return {result["name"]: (result["median"], result["unit"]) for result in json.loads(output)}
    except OSError as error:
        sys.exit(f"compare.py: cannot run {command[0]}: {error.strerror}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"compare.py: {shlex.join(command)} ended with status {error.returncode}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"compare.py: {shlex.join(command)} did not print the JSON array of a benchmark")


def measure(arguments):
    """One row for each name that both sides have measured."""
    options = ["--threads", str(arguments.threads), "--repetitions", str(arguments.repetitions), "--json"]
    rows, units = [], {}
    for suite in arguments.suites:
        ours, theirs = {}, {}
        for _ in range(arguments.rounds):
            for medians, command in [
                (ours, [*shlex.split(arguments.ours), suite]),
                (theirs, [arguments.python, str(BENCH), "--suite", suite]),
            ]:
                for name, (median, unit) in run(command + options).items():
                    medians.setdefault(name, []).append(median)
                    units[name] = unit
        # A suite of ours may have cases that have no counterpart in PyTorch.
        for name in filter(ours.__contains__, theirs):
            row = {"name": name, "unit": units[name]}
            row |= {"pytorch": statistics.median(theirs[name]), "ours": statistics.median(ours[name])}
            row["ratio"] = row["pytorch"] / row["ours"]
            row["target"] = TARGETS.get(name)
            row["holds"] = None if row["target"] is None else row["ratio"] >= row["target"]
            rows.append(row)
    return rows


def table(rows):
    """The rows in Markdown."""
    lines = ["| benchmark | PyTorch | ours | ratio | target | holds |", "|:--|--:|--:|--:|--:|:--|"]
    for row in rows:
        factor, unit = {"s": (1e3, "ms"), "B": (1e-6, "MB")}[row["unit"]]
        target = "" if row["target"] is None else f">= {row['target']:g}"
        holds = {None: "", True: "yes", False: "NO"}[row["holds"]]
        lines.append(
            f"| {row['name']} | {factor * row['pytorch']:.3f} {unit} | {factor * row['ours']:.3f} {unit} | {row['ratio']:.2f} "
            f"| {target} | {holds} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, metavar="COMMAND", help='for example ".build/release/teleport bench"')
    parser.add_argument("--python", default=sys.executable, help="a Python that has torch; default: this one")
    parser.add_argument("--suites", nargs="+", default=["teleport", "symmetry", "train"], choices=["teleport", "symmetry", "train", "learn", "scaling", "memory"])
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: %(default)s")
    parser.add_argument("--repetitions", type=int, default=20, help="in each round; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="save the table as JSON, in seconds and bytes")
    arguments = parser.parse_args()

    rows = measure(arguments)
    print(table(rows))
    if arguments.json is not None:
        document = {key: getattr(arguments, key) for key in ("threads", "repetitions", "rounds")}
        arguments.json.write_text(json.dumps({**document, "results": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
