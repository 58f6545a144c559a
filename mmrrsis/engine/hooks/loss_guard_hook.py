# Copyright (c) mmrrsis contributors.
"""Keep a loss that is no number from the weights."""

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from mmrrsis.checkpoint import unwrap_model
from mmrrsis.registry import HOOKS


class NonFiniteLossError(ArithmeticError):
    """A loss is infinite or no number."""


@HOOKS.register_module()
class LossGuardHook(Hook):
    """Stop at a loss that is not finite, or leave its iteration out, before it reaches the weights.

    The loss is looked at when the model returns it, so neither weights nor optimizer nor a checkpoint ever hold what
    would follow from it. With several processes all stop or skip together.

    Args:
        action: ``stop``, or ``skip`` to leave the optimizer's step out (with gradient accumulation: the whole step).
        max_skips: Stop after more skips in a row than this: the weights themselves are then broken.

    Raises:
        ValueError: If ``action`` is neither.
        NonFiniteLossError: In training; names losses and samples.
    """

    def __init__(self, action: str = 'stop', max_skips: int = 10) -> None:
        if action not in ('stop', 'skip'):
            raise ValueError(f"`action` of LossGuardHook must be 'stop' or 'skip' but is {action!r}.")
        self.action = action
        self.max_skips = max_skips
        self._skips = 0  # in a row
        self._skipping = False
        self._runner: Runner | None = None

    def before_train(self, runner: Runner) -> None:
        """Watch the model's losses and the optimizer's steps."""
        self._runner = runner
        unwrap_model(runner.model).register_forward_hook(self._check, with_kwargs=True)
        runner.optim_wrapper.optimizer.register_step_pre_hook(self._leave_out)

    def _check(self, model: nn.Module, args: tuple, kwargs: dict[str, Any], losses: Any) -> None:
        """Look at what the model returned."""
        if kwargs.get('mode') != 'loss' or self._runner is None:
            return
        named = {name: value for name, value in losses.items() if 'loss' in name and isinstance(value, Tensor)}
        broken = [name for name, value in named.items() if not bool(torch.isfinite(value).all())]
        finite = torch.tensor(0 if broken else 1, device=next(model.parameters()).device)
        all_reduce(finite, 'min')
        if bool(finite):
            self._skips = 0
            return
        ids = [str(getattr(sample, 'sample_id', '?')) for sample in kwargs.get('data_samples') or ()]
        what = f'{", ".join(broken)} of the samples {", ".join(ids)}' if broken else 'a loss of another process'
        claim = f'Iteration {self._runner.iter + 1}: {what} is not finite.'
        self._skips += 1
        if self.action == 'stop' or self._skips > self.max_skips:
            again = f' It is number {self._skips} in a row.' if self._skips > 1 else ''
            raise NonFiniteLossError(
                f'{claim}{again} No checkpoint was saved from it. Look at these samples, lower '
                '`optim_wrapper.optimizer.lr`, clip gradients by `optim_wrapper.clip_grad`, or leave single '
                'iterations out by `default_hooks.loss_guard.action=skip`; then go on with --resume.'
            )
        self._runner.logger.warning(f'{claim} The optimizer leaves this step out.')
        self._skipping = True

    def _leave_out(self, optimizer: torch.optim.Optimizer, args: tuple, kwargs: dict) -> None:
        """Take the gradients away: optimizers pass parameters without one over."""
        if self._skipping:
            optimizer.zero_grad(set_to_none=True)
            self._skipping = False
