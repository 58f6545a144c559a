# Copyright (c) mmrrsis contributors.
"""What happens around the steps of a contrastive pretraining."""

import math
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from open_clip.tokenizer import SimpleTokenizer
from torch import Tensor

from mmrrsis.checkpoint import pack_embedding, unwrap_model
from mmrrsis.checkpoint_file import save_tensors
from mmrrsis.registry import HOOKS

from .clip_pretrainer import CLIPPretrainer
from .scene_text_transforms import mirror_text


def _pretrainer(runner: Runner) -> CLIPPretrainer:
    """Return the runner's model without its data-parallel wrapper.

    Raises:
        TypeError: If it is another model.
    """
    model = unwrap_model(runner.model)
    if not isinstance(model, CLIPPretrainer):
        raise TypeError(
            f'The hooks of clip_pretraining are for CLIPPretrainer, but the model is {type(model).__name__}.'
        )
    return model


@HOOKS.register_module()
class UnmaskedTailHook(Hook):
    """End patch dropout before the training ends, so that the towers see whole images at last (FLIP, section 3).

    Args:
        share: Share of the iterations without patch dropout.
    """

    def __init__(self, share: float = 0.2) -> None:
        self.share = share

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Switch patch dropout off in the tail, also after resuming there."""
        if runner.iter / runner.max_iters >= 1 - self.share:
            _pretrainer(runner).patch_dropout.prob = 0.0


@HOOKS.register_module()
class LimitLogitScaleHook(Hook):
    """Keep CLIP's inverse temperature from growing beyond a limit (Radford et al., ICML 2021, section 2.5).

    Args:
        maximum: The limit.
    """

    def __init__(self, maximum: float = 100.0) -> None:
        self.maximum = maximum

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Clamp after each step."""
        _pretrainer(runner).clip.logit_scale.data.clamp_(max=math.log(self.maximum))


@HOOKS.register_module()
class WriteTowersHook(Hook):
    """Write the towers, in half precision, whenever a checkpoint is saved.

    ``model.encoder.pretrained`` of a config reads the file. Of the token embedding it holds the rows that a text of
    the training data, mirrored or not, can touch; all others are as random as they began.

    Args:
        filename: The file, in the work directory.
    """

    def __init__(self, filename: str = 'clip.safetensors') -> None:
        self.filename = filename
        self._row_ids: Tensor | None = None

    def _find_row_ids(self, runner: Runner) -> Tensor:
        """Return the tokens ``(T,)`` of all words of the training data."""
        dataset = runner.train_dataloader.dataset
        words: set[str] = set()
        for index in range(len(dataset)):
            entry = dataset.get_data_info(index)
            for pool in (entry['captions'], *entry['expressions']):
                words.update(word for text in pool for word in text.split())
        words |= {mirror_text(word, direction) for word in words for direction in ('horizontal', 'vertical')}
        tokenize = SimpleTokenizer()  # byte pairs never reach across a space
        return torch.unique(tokenize(sorted(words)))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the file."""
        if self._row_ids is None:
            self._row_ids = self._find_row_ids(runner)
        state = {key: value.cpu().contiguous() for key, value in _pretrainer(runner).clip.state_dict().items()}
        weights = pack_embedding(state, 'token_embedding', self._row_ids)
        half = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
        save_tensors(half, Path(runner.work_dir) / self.filename, dict(steps=str(checkpoint['meta']['iter'])))
        runner.logger.info(f'Wrote {Path(runner.work_dir) / self.filename}.')
