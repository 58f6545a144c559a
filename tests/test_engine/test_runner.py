# Copyright (c) mmrrsis contributors.
import random

import numpy as np
import pytest
import torch

from mmrrsis.engine import ReproducibleRunner
from mmrrsis.engine.sample_draws import DrawnIndex, seed_generators, seeded_generators


class DrawingDataset(torch.utils.data.Dataset):
    """A sample is its index and a draw of each generator."""

    metainfo = dict(name='drawing')

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return (index, random.random(), np.random.rand(), float(torch.rand(())))


def batches(count, epoch=0, skip=0, seed=5, workers=0, sampler='DefaultSampler', batch_size=2):
    cfg = dict(
        dataset=DrawingDataset(),
        sampler=dict(type=sampler, shuffle=True),
        batch_size=batch_size,
        num_workers=workers,
        collate_fn=dict(type='pseudo_collate'),
    )
    loader = ReproducibleRunner.build_dataloader(cfg, seed=seed)
    assert loader.dataset.metainfo == DrawingDataset.metainfo
    loader.sampler.set_epoch(epoch)
    if skip:
        loader.sampler.skip(skip)
    iterator = iter(loader)
    return [sample for _ in range(count) for sample in zip(*next(iterator), strict=True)]


def test_what_is_drawn_does_not_depend_on_the_loader_processes():
    alone = batches(5)
    assert batches(5, workers=1) == batches(5, workers=2) == alone
    assert batches(10, batch_size=1) == alone
    assert sorted(index for index, *_ in alone) == list(range(10))
    assert len({draw for _, *draws in alone for draw in draws}) == 30


def test_another_epoch_seed_or_pass_draws_anew():
    draws = {tuple(draws) for _, *draws in batches(5)}
    assert not draws & {tuple(draws) for _, *draws in batches(5, epoch=1)}
    assert not draws & {tuple(draws) for _, *draws in batches(5, seed=6)}
    assert len({tuple(draws) for _, *draws in batches(10, sampler='InfiniteSampler')}) == 20


@pytest.mark.parametrize('workers', [0, 2])
def test_an_infinite_order_goes_on_at_any_place(workers):
    whole = batches(12, sampler='InfiniteSampler')
    assert batches(5, skip=14, workers=workers, sampler='InfiniteSampler') == whole[14:]


def test_every_process_draws_for_its_places(monkeypatch):
    alone = batches(5)
    for rank in (0, 1):
        for module in ('mmengine.dataset.sampler', 'mmrrsis.engine.sample_draws'):
            monkeypatch.setattr(f'{module}.get_dist_info', lambda rank=rank: (rank, 2))
        assert batches(5, batch_size=1) == alone[rank::2]


def test_the_main_generators_are_as_before_a_sample():
    seed_generators(1)
    expected = [draw() for draw in (random.random, np.random.rand, lambda: float(torch.rand(())))]
    seed_generators(1)
    with seeded_generators(2):
        inside = [random.random(), np.random.rand(), float(torch.rand(()))]
    assert [random.random(), np.random.rand(), float(torch.rand(()))] == expected != inside


def test_generators_are_seeded_by_all_numbers():
    firsts = set()
    for numbers in ((0, 1), (1, 0), (0, 2), (0, 1, 1)):
        seed_generators(*numbers)
        firsts.add((random.random(), np.random.rand(), float(torch.rand(()))))
    assert len(firsts) == 4 and all(len({row[i] for row in firsts}) == 4 for i in range(3))


def test_an_index_is_an_integer_and_reaches_other_processes():
    import pickle

    index = pickle.loads(pickle.dumps(DrawnIndex(3, (1, 7))))
    assert index == 3 and index.draw == (1, 7) and [10, 20, 30, 40][index] == 40
