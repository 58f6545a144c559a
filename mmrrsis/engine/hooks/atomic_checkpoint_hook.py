# Copyright (c) mmrrsis contributors.
"""Save checkpoints so that no moment to stop at loses a training."""

import re
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce_params, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmrrsis.checkpoint import unwrap_model
from mmrrsis.checkpoint_file import PARTIAL_SUFFIX, replace_file
from mmrrsis.registry import HOOKS


class CheckpointWriteError(OSError):
    """A checkpoint could not be written; those of before are whole."""


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook`` for machines that are switched off, jobs that are killed and disks that are full.

    - A checkpoint is written under another name, flushed to the disk and renamed. Only then is ``last_checkpoint``
      written, in the same way, and are older checkpoints deleted.
    - After resuming it looks for the checkpoints of before in the folder where the run is now, not in the one where
      it was; deletes what an interruption left half written or superseded; and makes up for the validation that was
      due when the checkpoint had just been saved.
    - With several processes, running averages of normalisation layers are averaged over the processes before each
      checkpoint and validation: a checkpoint holds one copy, and every process goes on from it.

    Args:
        All are those of :class:`mmengine.hooks.CheckpointHook`. The folder must be on a file system.
    """

    best_ckpt_path: str | None
    rule_map: Mapping[str, Callable]

    def before_train(self, runner: Runner) -> None:
        """Find the folder; after resuming, tidy it and make up for a validation that was due.

        Raises:
            ValueError: If ``out_dir`` is not on a file system.
        """
        if '://' in str(self.out_dir or ''):
            raise ValueError(
                f'`default_hooks.checkpoint.out_dir` is {self.out_dir}, but AtomicCheckpointHook writes to folders of '
                "a file system only. Take MMEngine's CheckpointHook for other places."
            )
        hub = runner.message_hub
        folder = self._folder(runner)
        for key in [key for key in hub.runtime_info if key == 'last_ckpt' or key.startswith('best_ckpt')]:
            # Where the run was when it was saved; the work directory may have been copied or moved since.
            if hub.get_info(key) is not None:
                hub.update_info(key, str(folder / Path(hub.get_info(key)).name))
        super().before_train(runner)
        self.keep_ckpt_ids: deque = deque(hub.get_info('keep_ckpt_ids', []))
        if runner.iter > 0:  # resumed
            self.last_ckpt = hub.get_info('last_ckpt')
            if is_main_process():
                self._delete_leftovers(runner)
            if self._validation_is_due(runner):
                runner.logger.info('The checkpoint was saved just before a validation; it is run now.')
                runner.val_loop.run()

    def _folder(self, runner: Runner) -> Path:
        """Return the folder of the checkpoints, as MMEngine's ``before_train`` finds it."""
        if self.out_dir is None or str(self.out_dir) == runner.work_dir:
            return Path(runner.work_dir)
        return Path(self.out_dir, Path(runner.work_dir).name)

    def _delete_leftovers(self, runner: Runner) -> None:
        """Delete half-written files, and best checkpoints that a better one had replaced before the interruption."""
        folder = Path(self.out_dir)
        for path in folder.glob(f'*{PARTIAL_SUFFIX}'):
            path.unlink()
        count = runner.epoch if self.by_epoch else runner.iter
        template = re.escape(self.filename_tmpl).replace(r'\{\}', r'(\d+)')
        for indicator in self.key_indicators if self.save_best else ():
            pattern = re.compile(re.escape(f'best_{indicator}_'.replace('/', '_')) + template)
            best = runner.message_hub.get_info(self._info_key('best_ckpt', indicator))
            for path in folder.iterdir():
                found = pattern.fullmatch(path.name)
                # Later ones are of the time after the checkpoint, and come again.
                if best and found and path != Path(best) and int(found.group(1)) < count:
                    path.unlink()

    def _validation_is_due(self, runner: Runner) -> bool:
        """Tell whether the loop would have validated next, when the checkpoint that was resumed had been saved."""
        if runner.val_loop is None or runner.message_hub.get_info('last_validation_iter') == runner.iter:
            return False
        loop = runner.train_loop
        loop._decide_current_val_interval()
        step, last = runner.iter, runner.max_iters
        if isinstance(loop, EpochBasedTrainLoop):
            if runner.iter != runner.epoch * len(loop.dataloader):
                return False  # saved in the middle of an epoch
            step, last = runner.epoch, runner.max_epochs
        return step >= loop.val_begin and (step % loop.val_interval == 0 or step == last)

    def before_val_epoch(self, runner: Runner) -> None:
        """Give every process the same running averages."""
        self._average_buffers(runner)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, Any]) -> None:
        """Save the best checkpoint; note that this iteration is validated."""
        runner.message_hub.update_info('last_validation_iter', runner.iter)
        super().after_val_epoch(runner, metrics)

    @staticmethod
    def _average_buffers(runner: Runner) -> None:
        buffers = [buffer for buffer in unwrap_model(runner.model).buffers() if torch.is_floating_point(buffer)]
        if buffers:
            all_reduce_params(buffers, op='mean')

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        """Write the checkpoint, then its name into ``last_checkpoint``, then delete those that are too many."""
        name = self.filename_tmpl.format(step)
        self.last_ckpt = str(Path(self.out_dir, name))
        if step not in self.keep_ckpt_ids:
            self.keep_ckpt_ids.append(step)
        # What is about to be deleted is noted as well: killed before that, the resumed run deletes it.
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._write(
            runner,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            **self.args,
        )
        if is_main_process():
            with replace_file(Path(runner.work_dir, 'last_checkpoint')) as partial:
                partial.write_text(self.last_ckpt, encoding='utf-8')
        while self.max_keep_ckpts > 0 and len(self.keep_ckpt_ids) > self.max_keep_ckpts:
            self._delete(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        """Write the best checkpoint of each metric that improved, save the training state, delete the former best."""
        if not self.save_best:
            return
        if 'auto' in self.key_indicators:
            self._init_rule(self.rules, [next(iter(metrics))])
        hub = runner.message_hub
        step = runner.epoch if self.by_epoch else runner.iter
        former: list[str] = []
        improved = False
        for indicator, rule in zip(self.key_indicators, self.rules, strict=True):
            score_key, path_key = (self._info_key(kind, indicator) for kind in ('best_score', 'best_ckpt'))
            score = metrics[indicator]
            if score is None or not self.rule_map[rule](score, hub.get_info(score_key, self.init_value_map[rule])):
                continue
            name = f'best_{indicator}_{self.filename_tmpl.format(step)}'.replace('/', '_')
            before = hub.get_info(path_key)
            if before is not None and Path(before).name != name:
                former.append(Path(before).name)
            hub.update_info(score_key, score)
            hub.update_info(path_key, str(Path(self.out_dir, name)))
            if len(self.key_indicators) == 1:
                self.best_ckpt_path = hub.get_info(path_key)
            else:
                self.best_ckpt_path_dict[indicator] = hub.get_info(path_key)
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._write(runner, name, save_optimizer=False, save_param_scheduler=False, meta=meta, by_epoch=False)
            runner.logger.info(f'The best checkpoint with {score:0.4f} {indicator} is saved to {name}.')
            improved = True
        # The score and name of the best are part of the training's state, which was saved before the validation.
        if improved and self.last_ckpt is not None:
            self._save_checkpoint_with_step(runner, step, dict(epoch=runner.epoch, iter=runner.iter))
        for name in former:
            self._delete(name)

    def _info_key(self, kind: str, indicator: str) -> str:
        """Return the name under which MMEngine's message hub holds the best score or file of a metric."""
        return kind if len(self.key_indicators) == 1 else f'{kind}_{indicator}'

    def _delete(self, name: str) -> None:
        if is_main_process():
            Path(self.out_dir, name).unlink(missing_ok=True)

    def _write(self, runner: Runner, name: str, **kwargs: Any) -> None:
        """Let the runner write a checkpoint, whole or not at all.

        Raises:
            CheckpointWriteError: If it cannot be written, for example to a full disk.
        """
        self._average_buffers(runner)
        path = Path(self.out_dir, name)
        writing = replace_file(path) if is_main_process() else nullcontext(path)
        try:
            with writing as partial:
                runner.save_checkpoint(self.out_dir, partial.name, backend_args=self.backend_args, **kwargs)
        except OSError as error:
            whole = ', '.join(sorted(file.name for file in path.parent.glob('*.pth'))) or 'none'
            raise CheckpointWriteError(
                error.errno,
                f'The checkpoint {path} could not be written ({error.strerror or error}). Those of before are whole: '
                f'{whole}. Make room there, keep fewer by `default_hooks.checkpoint.max_keep_ckpts`, or write '
                'elsewhere by `default_hooks.checkpoint.out_dir`; then go on with --resume',
            ) from error
