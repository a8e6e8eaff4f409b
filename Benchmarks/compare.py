#!/usr/bin/env python3
"""Runs the benchmarks of this project and of PyTorch in turn and prints the ratios as a Markdown table.

The two take turns in short rounds, so that whatever else the machine is doing meets both. The table has the least time of each
side over all repetitions and the ratio of the two, which is that of a quiet machine, and the median over the rounds of the ratio
of their medians, with its quartiles. With `--ours` twice, two builds of this project take turns and PyTorch has no part.
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

# What PyTorch takes divided by what this project takes, at least; by the ratio of minima.
TARGETS = {
    "teleport/mlp-1024": 9,
    "teleport/cnn": 3.5,
    "teleport/transformer": 4,
    "symmetry/mlp-512": 12,
    "sharpness/mlp-512": 1,
    "curvature/mlp-512": 5,
    "train/mlp-small": 4,
    "train/mlp-1024-sgd": 1.3,
    "train/mlp-1024-adam": 1.8,
    "train/cnn": 1.2,
    "train/transformer": 1.25,
    "learn/update": 2,
    "learn/update-teleport": 2,
}

# The suites that are run unless some are named.
STANDARD = ["teleport", "symmetry", "sharpness", "curvature", "train", "learn"]
SUITES = [*STANDARD, "scaling", "memory", "share"]


def run(command):
    """What a benchmark command prints: name to minimum, median and unit."""
    try:
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        return {result["name"]: (result["minimum"], result["median"], result["unit"]) for result in json.loads(output)}
    except OSError as error:
        sys.exit(f"compare.py: cannot run {command[0]}: {error.strerror}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"compare.py: {shlex.join(command)} ended with status {error.returncode}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"compare.py: {shlex.join(command)} did not print the JSON array of a benchmark")


def quartiles(values):
    """The lower quartile, the median and the upper quartile."""
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


def measure(arguments):
    """One row for each name that both sides have measured."""
    options = ["--threads", str(arguments.threads), "--repetitions", str(arguments.repetitions), "--json"]
    names = lambda suite: [name for name in arguments.names or [] if name.startswith(suite + "/")]
    chosen = lambda suite: ["--names", ",".join(names(suite))] if names(suite) else []
    theirs = lambda suite: [arguments.python, str(BENCH), "--suite", suite]
    own = [lambda suite, command=command: [*shlex.split(command), suite] for command in arguments.ours]
    sides = own if len(own) == 2 else [theirs, own[0]]
    rows = []
    for suite in arguments.suites:
        # For each name, the results of each side, round by round.
        results = {}
        for _ in range(arguments.rounds):
            for side, command in enumerate(sides):
                for name, result in run(command(suite) + chosen(suite) + options).items():
                    results.setdefault(name, ([], []))[side].append(result)
        for name, (before, after) in results.items():
            if not before or not after:
                print(f"compare.py: {name} has no counterpart, and is left out", file=sys.stderr)
                continue
            row = {"name": name, "unit": after[0][2]}
            row |= {"baseline": min(r[0] for r in before), "ours": min(r[0] for r in after)}
            row["ratio"] = row["baseline"] / row["ours"]
            row["quartiles"] = quartiles([b[1] / a[1] for b, a in zip(before, after)])
            row["target"] = TARGETS.get(name) if len(own) == 1 else None
            row["holds"] = None if row["target"] is None else row["ratio"] >= row["target"]
            rows.append(row)
    return rows


def table(rows, baseline):
    """The rows in Markdown."""
    lines = [
        f"| benchmark | {baseline} | ours | ratio | of medians (quartiles) | target | holds |",
        "|:--|--:|--:|--:|--:|--:|:--|",
    ]
    for row in rows:
        factor, unit = {"s": (1e3, "ms"), "B": (1e-6, "MB"), "1": (100, "%")}[row["unit"]]
        target = "" if row["target"] is None else f">= {row['target']:g}"
        holds = {None: "", True: "yes", False: "NO"}[row["holds"]]
        low, median, high = row["quartiles"]
        lines.append(
            f"| {row['name']} | {factor * row['baseline']:.3f} {unit} | {factor * row['ours']:.3f} {unit} | {row['ratio']:.2f} "
            f"| {median:.2f} ({low:.2f} to {high:.2f}) | {target} | {holds} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--ours",
        required=True,
        action="append",
        metavar="COMMAND",
        help='for example ".build/release/teleport bench"; twice, first an older build, for two builds against each other',
    )
    parser.add_argument("--python", default=sys.executable, help="a Python that has torch; default: this one")
    parser.add_argument(
        "--suites",
        nargs="+",
        help=f"default: {' '.join(STANDARD)}, or those of the names",
        choices=SUITES,
    )
    parser.add_argument("--names", nargs="+", metavar="NAME", help="what is measured, as teleport/mlp-1024; default: all")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: %(default)s")
    parser.add_argument("--repetitions", type=int, default=5, help="in each round; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="save the table as JSON, in seconds and bytes")
    arguments = parser.parse_args()

    suites = arguments.suites or list(dict.fromkeys(name.split("/")[0] for name in arguments.names or [])) or STANDARD
    for name in arguments.names or []:
        if name.split("/")[0] not in set(suites) & set(SUITES):
            parser.error(f"--names {name}: is of none of the suites {' '.join(suites if arguments.suites else SUITES)}")
    if arguments.names:
        suites = [suite for suite in suites if any(name.startswith(suite + "/") for name in arguments.names)]
    arguments.suites = suites
    if len(arguments.ours) > 2:
        parser.error("--ours: give one build, or two to hold against each other")
    rows = measure(arguments)
    print(table(rows, "PyTorch" if len(arguments.ours) == 1 else "before"))
    if arguments.json is not None:
        document = {key: getattr(arguments, key) for key in ("threads", "repetitions", "rounds")}
        arguments.json.write_text(json.dumps({**document, "results": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
