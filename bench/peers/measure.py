"""How every peer is timed, and the one JSON line that it prints for a measurement."""

import argparse
import json
import statistics
import time


def parser(description, repetitions=7):
    """The arguments that all peers share."""
    out = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    out.add_argument("--threads", type=int, default=1, help="threads to compute with (default: 1)")
    out.add_argument("--repetitions", type=int, default=repetitions,
                     help=f"timed repetitions; their median counts (default: {repetitions})")
    out.add_argument("--name", help="the name to print (default: made from the sizes, as repbench's benchmark)")
    return out


def measure(name, work, *, items, unit, peer, arguments, warm_up=1, **more):
    """Times `work()` and prints the line: `rate` is `items` over the median time.

    One thread is timed by its CPU time, which other processes disturb little; several by the clock.
    """
    for _ in range(warm_up):
        work()
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    seconds = []
    for _ in range(arguments.repetitions):
        start = clock()
        work()
        seconds.append(clock() - start)
    median = statistics.median(seconds)
    line = {"name": arguments.name or name, "rate": items / median, "unit": unit, "seconds": median,
            "threads": arguments.threads, "repetitions": arguments.repetitions, "peer": peer,
            "clock": "cpu" if arguments.threads == 1 else "wall", "all_seconds": seconds}
    line.update({key: value() if callable(value) else value for key, value in more.items()})
    print(json.dumps(line), flush=True)
