# Copyright (c) mmrrsis contributors.
"""MMEngine's runner, with random draws that do not depend on what was drawn before."""

from typing import Any

from mmengine.dataset import InfiniteSampler
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmrrsis.registry import DATA_SAMPLERS

from .sample_draws import DrawDataset, DrawSampler, InfiniteDrawSampler, seed_generators


class SeedIterationHook(Hook):
    """Seed the generators of each process anew before each training iteration, from seed, iteration and rank.

    So dropout and the like draw the same after resuming as without a stop, and no state of a generator is kept.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed."""
        seed_generators(runner.seed, runner.iter, runner.rank)


class ReproducibleRunner(Runner):
    """MMEngine's runner, whose resumed run is the run that never stopped.

    Nothing random depends on the state of a generator: what a transform draws for a sample follows from the seed, the
    epoch and the place in the order of samples, whichever loader process it comes from and however many there are;
    what the model draws follows from the seed, the iteration and the rank.
    """

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """Build a loader as MMEngine does, whose samples are seeded one by one."""
        if not isinstance(dataloader, DataLoader) and seed is not None and isinstance(dataloader['sampler'], dict):
            kind = DATA_SAMPLERS.get(sampler) if isinstance(sampler := dataloader['sampler']['type'], str) else sampler
            wrapper = InfiniteDrawSampler if issubclass(kind, InfiniteSampler) else DrawSampler
            dataloader = dict(
                dataloader,
                dataset=dict(type=DrawDataset, dataset=dataloader['dataset'], seed=seed),
                sampler=dict(type=wrapper, sampler=dataloader['sampler']),
            )
        return Runner.build_dataloader(dataloader, seed, diff_rank_seed)

    def register_hooks(self, *args: Any, **kwargs: Any) -> None:
        """Register the hooks of the config, and the one that seeds iterations."""
        super().register_hooks(*args, **kwargs)
        self.register_hook(SeedIterationHook())
