# Copyright (c) mmrrsis contributors.
"""Read a file of weights without running what is in it."""

from pathlib import Path
from typing import Any

import torch
from mmengine.runner.checkpoint import get_torch_safe_globals
from safetensors.torch import load_file


def read_checkpoint_file(path: Path) -> Any:
    """Load a safetensors file or a PyTorch checkpoint on the CPU, tensors and plain containers only.

    Raises:
        ValueError: If the file is damaged, or holds objects that are not safe to load.
    """
    try:
        if path.suffix == '.safetensors':
            return load_file(path)
        with torch.serialization.safe_globals(get_torch_safe_globals()):
            return torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # whatever a damaged or foreign file provokes, from KeyError to RuntimeError
        raise ValueError(
            f'{path} cannot be read as a checkpoint: {type(error).__name__}: {error}. Only files with tensors and '
            'plain containers are loaded; save the parameters alone with `torch.save(model.state_dict(), ...)`.'
        ) from error
