# Copyright (c) mmrrsis contributors.
"""Make a training that counts iterations shorter or longer."""

from typing import Any

from mmengine.config import Config


def iteration_options(cfg: Config, iters: int) -> dict[str, Any]:
    """Changes of a config that end its training after ``iters`` iterations, its learning-rate schedule with it.

    The training is evaluated once, at its end. A warm-up takes at most a quarter of the iterations.

    Args:
        cfg: A config with an ``IterBasedTrainLoop``.
        iters: Iterations, at least 1.

    Returns:
        Changes as ``--cfg-options`` has them.

    Raises:
        ValueError: If the config counts epochs, or ``iters`` is not positive.
    """
    last = cfg.train_cfg.get('max_iters')
    if last is None:
        raise ValueError(f'{cfg.filename} counts epochs (train_cfg.max_epochs); change those instead of iterations.')
    if iters < 1:
        raise ValueError(f'A training needs at least one iteration, not {iters}.')
    options: dict[str, Any] = {'train_cfg.max_iters': iters, 'train_cfg.val_interval': iters}
    warm_up = max(1, iters // 4)
    for index, scheduler in enumerate(cfg.get('param_scheduler') or []):
        begin = min(scheduler.get('begin', 0), warm_up)
        end = iters if scheduler.get('end', last) == last else min(scheduler.end, warm_up)
        options[f'param_scheduler.{index}.begin'] = begin
        options[f'param_scheduler.{index}.end'] = max(end, begin + 1)
    return options
