# Copyright (c) mmrrsis contributors.
"""Make a config run on the machine at hand."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log

_AMP_ONLY_KEYS = ('loss_scale', 'dtype', 'use_fsdp')


def choose_device(device: str | None) -> torch.device:
    """Return a device that this machine has.

    Args:
        device: A torch device, such as ``cuda:0``. None takes the accelerator where there is one.

    Raises:
        ValueError: If there is no such device, or it cannot be used here.
    """
    name = device or get_device()
    try:
        chosen = torch.device(name)
        if chosen.type == 'meta':
            raise RuntimeError('it holds no numbers')
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:  # by the kind of device
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f'The device `{name}` cannot be used: {reason}. Devices of this machine: cpu'
            f'{"".join(f", cuda:{index}" for index in range(torch.cuda.device_count()))}. Name one of them, or leave '
            'the device out.'
        ) from error
    return chosen


def prepare_runtime(cfg: Config) -> None:
    """Change in place what a machine without an accelerator cannot do, and say so.

    Without an accelerator:

    - mixed precision becomes float32, because MMEngine's ``AmpOptimWrapper`` refuses to run;
    - several processes talk through ``gloo``: the process group is made here, because MMEngine's own start selects
      a CUDA device first, and the data-parallel wrapper gets no device ids.

    With an accelerator nothing is changed.

    Args:
        cfg: A whole config with ``launcher`` set.

    Raises:
        ValueError: If ``launcher`` is ``slurm`` or ``mpi`` on a machine without an accelerator.
    """
    if get_device() != 'cpu':
        return
    optim_wrapper = cfg.get('optim_wrapper')
    if optim_wrapper and optim_wrapper.get('type') == 'AmpOptimWrapper':
        print_log('No accelerator found: mixed precision is off, this run computes in float32.', level=logging.WARNING)
        optim_wrapper.type = 'OptimWrapper'
        for key in _AMP_ONLY_KEYS:
            optim_wrapper.pop(key, None)
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none':
        return
    if launcher != 'pytorch':
        raise ValueError(
            f'No accelerator found, and the launcher `{launcher}` needs one. On a CPU use tools/dist_train.sh or '
            'tools/dist_test.sh (launcher `pytorch`).'
        )
    print_log('No accelerator found: the processes run on the CPU and talk through gloo.', level=logging.WARNING)
    cfg.setdefault('env_cfg', {})
    cfg.env_cfg.setdefault('dist_cfg', {})
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    wrapper = cfg.get('model_wrapper_cfg') or dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    wrapper['device_ids'] = None
    cfg.model_wrapper_cfg = wrapper
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')


class OutOfMemoryError(RuntimeError):
    """The memory of the processor or the accelerator is not enough for a run."""


@contextmanager
def explain_out_of_memory(cfg: Config) -> Iterator[None]:
    """Say which keys of the config to change when the memory is not enough.

    Args:
        cfg: The config that runs inside the ``with`` block.

    Raises:
        OutOfMemoryError: In place of PyTorch's error, which stays attached as its cause.
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.cuda.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        sizes = ', '.join(
            f'`{split}_dataloader.batch_size` (now {loader["batch_size"]})'
            for split in ('train', 'val', 'test')
            if (loader := cfg.get(f'{split}_dataloader')) and 'batch_size' in loader
        )
        raise OutOfMemoryError(
            f'The memory is not enough ({str(error).splitlines()[0]}). Lower {sizes}; in training '
            '`optim_wrapper.accumulative_counts` makes up for it with as many batches to a step. --amp, a smaller '
            '`scale` of Resize in the pipelines, and more processes need less memory each as well.'
        ) from error
