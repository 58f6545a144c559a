# Copyright (c) mmrrsis contributors.
"""Scores do not depend on how many processes evaluate."""

import json

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dataset import DefaultSampler
from mmengine.structures import PixelData

from mmrrsis.evaluation import ReferringIoU
from mmrrsis.structures import ReferringDataSample

NUM_SAMPLES = 7  # odd: with two processes the sampler repeats the first sample


def make(index):
    generator = torch.Generator().manual_seed(index)
    sample = ReferringDataSample(
        metainfo=dict(
            sample_id=str(index),
            img_shape=(9, 9),
            ori_shape=(9, 9),
            category=f'category {index % 3}',
            subset='novel_pair' if index % 2 else None,
        )
    )
    sample.gt_mask = PixelData(data=torch.rand(1, 9, 9, generator=generator) > 0.2 * (index % 4) + 0.1)
    sample.pred_mask = PixelData(data=torch.rand(1, 9, 9, generator=generator) > 0.3)
    return sample


def evaluate(indices, collect_dir=None):
    metric = ReferringIoU(collect_dir=collect_dir)
    for index in indices:
        metric.process(None, [make(index)])
    return metric.evaluate(NUM_SAMPLES)


def run_process(rank, folder):
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    indices = list(DefaultSampler(range(NUM_SAMPLES), shuffle=False))
    scores = evaluate(indices, f'{folder}/collect')
    with open(f'{folder}/{rank}.json', 'w') as file:
        json.dump([indices, scores], file)
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_give_the_scores_of_one(tmp_path):
    expected = evaluate(range(NUM_SAMPLES))
    mp.spawn(run_process, args=(str(tmp_path),), nprocs=2)
    first, second = (json.loads((tmp_path / f'{rank}.json').read_text()) for rank in (0, 1))
    assert (first[0], second[0]) == ([0, 2, 4, 6], [1, 3, 5, 0])
    assert first[1] == second[1] == expected
    assert len(expected) > 15
