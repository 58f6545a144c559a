# Copyright (c) mmrrsis contributors.
"""Draw predictions while validating or testing."""

import re
from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmrrsis.images import read_image
from mmrrsis.registry import HOOKS
from mmrrsis.structures import ReferringDataSample


@HOOKS.register_module()
class ReferringVisualizationHook(Hook):
    """Draw samples of each validation and test with their ground truth and prediction.

    Args:
        draw: Draw at all. ``tools/test.py --show-dir`` turns it on.
        interval: Draw every ``interval``-th sample, the first one included.
        max_samples: Draw at most this many samples in one validation or test; None draws all.
        out_dir: Folder for the pictures of a test, named ``INDEX_SAMPLE-ID.png``. None, and every validation, hands
            them to the visualizer's backends.
    """

    def __init__(
        self,
        draw: bool = False,
        interval: int = 1,
        max_samples: int | None = None,
        out_dir: str | None = None,
    ) -> None:
        if interval < 1:
            raise ValueError(f'`interval` of ReferringVisualizationHook must be at least 1 but is {interval}.')
        if max_samples is not None and max_samples < 1:
            raise ValueError(f'`max_samples` of ReferringVisualizationHook must be at least 1 but is {max_samples}.')
        self.draw = draw
        self.interval = interval
        self.max_samples = max_samples
        self.out_dir = None if out_dir is None else Path(out_dir)
        self._seen = 0  # samples of this process since the validation or test began

    def before_val_epoch(self, runner: Runner) -> None:
        """Start counting."""
        self._seen = 0

    def before_test_epoch(self, runner: Runner) -> None:
        """Start counting."""
        self._seen = 0

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[ReferringDataSample] | None = None,
    ) -> None:
        """Draw the samples whose turn it is into the visualizer's backends."""
        self._draw(runner.visualizer, outputs or (), None, step=runner.iter)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[ReferringDataSample] | None = None,
    ) -> None:
        """Draw the samples whose turn it is into ``out_dir``."""
        self._draw(runner.visualizer, outputs or (), self.out_dir, step=0)

    def _draw(
        self, visualizer: Visualizer, outputs: Sequence[ReferringDataSample], out_dir: Path | None, step: int
    ) -> None:
        if not self.draw:
            return
        for data_sample in outputs:
            # The sampler deals samples to the processes in turn, so this is the sample's index in the data set.
            index = self._seen * get_world_size() + get_rank()
            self._seen += 1
            if index % self.interval:
                continue
            if self.max_samples is not None and index // self.interval >= self.max_samples:
                return
            name = f'{index:06d}_{re.sub("[^A-Za-z0-9._-]+", "-", str(data_sample.sample_id))}'
            visualizer.add_datasample(
                name,
                read_image(data_sample.img_path),
                data_sample,
                out_file=None if out_dir is None else out_dir / f'{name}.png',
                step=step,
            )
