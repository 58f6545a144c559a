# Copyright (c) mmrrsis contributors.
"""Random draws of samples that depend on the seed and the place in the order of samples alone."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info
from torch.utils.data import Dataset, Sampler

from mmrrsis.registry import DATA_SAMPLERS, DATASETS


def seed_generators(*numbers: int) -> None:
    """Seed the global generators of Python, NumPy and PyTorch, all devices, from a few numbers.

    Args:
        *numbers: Not negative. Other numbers, or the same in another order, give unrelated draws.
    """
    torch.manual_seed(_seed_python_and_numpy(*numbers))


def _seed_python_and_numpy(*numbers: int) -> int:
    """Seed the global generators of Python and NumPy; return the seed of PyTorch's."""
    words = np.random.SeedSequence(numbers).generate_state(4)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    return int(words[2]) << 32 | int(words[3])


@contextmanager
def seeded_generators(*numbers: int) -> Iterator[None]:
    """Seed the global generators of the processor for a ``with`` block; they are as before behind it."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    torch.default_generator.manual_seed(_seed_python_and_numpy(*numbers))
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


class DrawnIndex(int):
    """Index of a sample that knows its place in the order: ``draw`` is the epoch and the position in it."""

    draw: tuple[int, int]

    def __new__(cls, index: int, draw: tuple[int, int]) -> 'DrawnIndex':
        """Make the index."""
        drawn = super().__new__(cls, index)
        drawn.draw = draw
        return drawn

    def __reduce__(self) -> tuple:
        """Reach loader processes with its place."""
        return DrawnIndex, (int(self), self.draw)


class DrawSampler(Sampler):
    """A sampler whose indices know their place in the order.

    Args:
        sampler: Config of the sampler, whose process takes every ``world_size``-th place, as MMEngine's do.
        dataset: The dataset.
        seed: The sampler's seed.
    """

    def __init__(self, sampler: dict, dataset: Any, seed: int | None) -> None:
        self.sampler = DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset, seed=seed))
        self._start = 0

    def __iter__(self) -> Iterator[DrawnIndex]:
        """Yield the indices of this process."""
        rank, world_size = get_dist_info()
        epoch = int(getattr(self.sampler, 'epoch', 0))
        for count, index in islice(enumerate(self.sampler), self._start, None):
            yield DrawnIndex(index, (epoch, count * world_size + rank))

    def __len__(self) -> int:
        """Return the length of the sampler."""
        return len(self.sampler)

    def set_epoch(self, epoch: int) -> None:
        """Begin the order of another epoch."""
        self.sampler.set_epoch(epoch)


class InfiniteDrawSampler(DrawSampler):
    """A sampler without an end; MMEngine asks it to skip what is trained already."""

    def skip(self, num_samples: int) -> None:
        """Begin after the first ``num_samples`` of this process."""
        self._start = num_samples


class DrawDataset(Dataset):
    """A dataset whose random draws follow from seed, epoch and place alone, in whichever process a sample is loaded.

    Args:
        dataset: Config of the dataset, or the dataset.
        seed: The seed.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self.seed = seed

    def __getattr__(self, name: str) -> Any:
        """Answer for the dataset inside."""
        if name == 'dataset':  # asked for while this is unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __getitem__(self, index: int) -> Any:
        """Return a sample."""
        if not isinstance(index, DrawnIndex):
            return self.dataset[index]
        with seeded_generators(self.seed, *index.draw):
            return self.dataset[int(index)]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.dataset)
