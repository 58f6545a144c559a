# Copyright (c) mmrrsis contributors.
"""Measure how fast models predict and how much memory they take.

One call is the whole model in mode `predict`: from normalised images and tokenized expressions, already on the device,
to masks at the input's size. Reading files, resizing, normalising and tokenizing are not in it. The images are noise
of the config's input size; the weights are the initial ones. Latency is that of one batch; throughput is the batch
size over the median latency, so that with batch size 1 it is what papers call FPS.

Peak memory: on a GPU what the model's tensors took at most (torch.cuda.max_memory_allocated), for each batch size; on
a CPU the peak resident set size of the whole process up to then, which can only grow from one row to the next.

--expressions K also measures K expressions on one image: its features encoded once and K times decoded, against K
single calls.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import DictAction
from mmengine.device import get_device
from mmengine.utils import track_iter_progress
from prettytable import PrettyTable
from torch import nn

from mmrrsis.analysis import example_batch
from mmrrsis.apis import init_segmentor
from mmrrsis.structures import ReferringTextBatch


def positive(text: str) -> int:
    """Read a whole number of at least one."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'{value} is not a positive number')
    return value


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG', help='config files')
    parser.add_argument('--batch-size', nargs='+', type=positive, default=[1], metavar='N', help='each in turn')
    parser.add_argument(
        '--device', default=get_device(), help='torch device, such as cuda:0 (default: an accelerator if there is one)'
    )
    parser.add_argument(
        '--dtype',
        choices=['float32', 'bfloat16', 'float16'],
        default='float32',
        help='the weights stay float32; the others compute under autocast, as training with --amp does',
    )
    parser.add_argument('--compile', action='store_true', help='compile encoder, neck and head with torch.compile')
    parser.add_argument('--iters', type=positive, default=50, help='measured calls (default: %(default)s)')
    parser.add_argument('--warmup', type=positive, default=5, help='calls before them (default: %(default)s)')
    parser.add_argument('--expressions', type=positive, metavar='K', help='also measure K expressions on one image')
    parser.add_argument('--json', metavar='FILE', help='write the measurements to this file')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes of the configs, key=value')
    args = parser.parse_args(argv)
    if torch.device(args.device).type not in ('cuda', 'cpu'):
        parser.error(f'--device must be cuda, cuda:N or cpu but is {args.device}')
    return args


def compile_parts(model: nn.Module) -> None:
    """Compile encoder, neck and head in place; for a dual encoder its towers, which also run one by one."""
    if model.encodes_image_alone:
        model.encoder.encode_image = torch.compile(model.encoder.encode_image)
        model.encoder.encode_text = torch.compile(model.encoder.encode_text)
    else:
        model.encoder.compile()
    model.neck.compile()
    model.decode_head.compile()


def measure(call: Callable[[], Any], iters: int, warmup: int, device: torch.device) -> np.ndarray:
    """Time calls.

    Returns:
        ``(iters,)`` seconds, each until the device had finished.
    """
    seconds = []
    for index in track_iter_progress(range(warmup + iters)):
        start = time.perf_counter()
        call()
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
        elapsed = time.perf_counter() - start
        if index >= warmup:
            seconds.append(elapsed)
    return np.array(seconds)


def latency(seconds: np.ndarray) -> dict[str, float]:
    """Summarise times, in milliseconds."""
    low, median, high = np.percentile(1000 * seconds, (10, 50, 90))
    return dict(median=float(median), p10=float(low), p90=float(high))


def peak_memory(device: torch.device) -> float:
    """Return the peak memory in MiB, see the module's docstring."""
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device) / 2**20
    import resource  # on POSIX systems only, which a GPU does not need

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == 'darwin' else peak / 2**10  # bytes on macOS, KiB elsewhere


def measure_batches(model: nn.Module, args: argparse.Namespace, config: str, device: torch.device) -> list[dict]:
    """Measure the whole model at every batch size."""
    rows = []
    for batch_size in args.batch_size:
        inputs, samples = example_batch(model, batch_size)
        if device.type == 'cuda':
            torch.cuda.reset_peak_memory_stats(device)
        print(f'{config}: batch size {batch_size}')

        def predict(inputs: torch.Tensor = inputs, samples: list = samples) -> None:
            model(inputs, samples, mode='predict')

        seconds = measure(predict, args.iters, args.warmup, device)
        rows.append(
            dict(
                config=config,
                batch_size=batch_size,
                shape=list(inputs.shape[-2:]),
                latency_ms=latency(seconds),
                throughput=batch_size / float(np.median(seconds)),
                peak_memory_mib=peak_memory(device),
            )
        )
    return rows


def measure_expressions(model: nn.Module, args: argparse.Namespace, config: str, device: torch.device) -> dict | None:
    """Measure K expressions on one image, encoded once and K times; None where the encoder needs both together."""
    if not model.encodes_image_alone:
        name = type(model.encoder).__name__
        print(f'{config}: {name} encodes image and expression together, so nothing can be kept between expressions.')
        return None
    inputs, samples = example_batch(model)
    text = ReferringTextBatch.stack([sample.text for sample in samples])

    def encode_image() -> None:
        model.encode_image(inputs)

    def encode_once() -> None:
        visual = model.encode_image(inputs)
        for _ in range(args.expressions):
            logits = model.decode(visual, model.encode_text(text))
            model.postprocess(logits, inputs.shape[-2:], samples)

    def encode_each_time() -> None:
        for _ in range(args.expressions):
            model(inputs, samples, mode='predict')

    print(f'{config}: {args.expressions} expressions on one image: image features, features kept, single calls')
    image, once, each = (
        latency(measure(call, args.iters, args.warmup, device))
        for call in (encode_image, encode_once, encode_each_time)
    )
    return dict(
        config=config,
        expressions=args.expressions,
        encode_image_ms=image,
        features_kept_ms=once,
        single_calls_ms=each,
        speedup=each['median'] / once['median'],
    )


def device_name(device: torch.device) -> str:
    """Name the device for the record."""
    if device.type == 'cuda':
        return torch.cuda.get_device_name(device)
    return f'{platform.processor() or platform.machine()} CPU, {torch.get_num_threads()} threads'


def print_batches(rows: list[dict]) -> None:
    """Print the table of batch sizes."""
    table = PrettyTable(
        ('config', 'input', 'batch size', 'latency (ms)', '10th-90th percentile', 'samples/s', 'peak memory (MiB)')
    )
    table.align = 'r'
    table.align['config'] = 'l'
    for row in rows:
        time_ms = row['latency_ms']
        table.add_row(
            (
                Path(row['config']).stem,
                'x'.join(map(str, row['shape'])),
                row['batch_size'],
                f'{time_ms["median"]:.1f}',
                f'{time_ms["p10"]:.1f}-{time_ms["p90"]:.1f}',
                f'{row["throughput"]:.2f}',
                f'{row["peak_memory_mib"]:.0f}',
            )
        )
    print(table)


def print_expressions(rows: list[dict]) -> None:
    """Print the table of several expressions on one image."""
    table = PrettyTable(
        ('config', 'expressions', 'image features (ms)', 'features kept (ms)', 'single calls (ms)', 'faster by')
    )
    table.align = 'r'
    table.align['config'] = 'l'
    for row in rows:
        times = (f'{row[key]["median"]:.1f}' for key in ('encode_image_ms', 'features_kept_ms', 'single_calls_ms'))
        table.add_row((Path(row['config']).stem, row['expressions'], *times, f'{row["speedup"]:.2f}x'))
    print(table)


@torch.inference_mode()
def main(argv: list[str] | None = None) -> None:
    """Measure, print, write."""
    args = parse_args(argv)
    device = torch.device(args.device)
    dtype = getattr(torch, args.dtype)
    precision: AbstractContextManager = nullcontext() if dtype is torch.float32 else torch.autocast(device.type, dtype)
    results, expressions = [], []
    for config in args.configs:
        model = init_segmentor(config, device=args.device, cfg_options=args.cfg_options)
        if args.compile:
            compile_parts(model)
        with precision:
            results += measure_batches(model, args, config, device)
            if args.expressions:
                several = measure_expressions(model, args, config, device)
                expressions += [] if several is None else [several]
        del model  # the next model's peak memory is its own
    output = dict(
        device=device_name(device),
        dtype=args.dtype,
        compile=args.compile,
        mode='predict',
        iters=args.iters,
        warmup=args.warmup,
        torch=torch.__version__,
        peak_memory='of tensors on the GPU' if device.type == 'cuda' else 'of the process on the CPU, so far',
        results=results,
        expressions=expressions,
    )
    print(f'{output["device"]}, {args.dtype}{", compiled" if args.compile else ""}; memory {output["peak_memory"]}')
    print_batches(results)
    if expressions:
        print_expressions(expressions)
    if args.json:
        path = Path(args.json)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(output, indent=2) + '\n', encoding='utf-8')
        print(f'Measurements: {path}')


if __name__ == '__main__':
    main()
