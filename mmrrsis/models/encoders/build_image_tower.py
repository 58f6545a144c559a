# Copyright (c) mmrrsis contributors.
"""Build the image tower of a config, a backbone of mmpretrain too."""

from collections.abc import Mapping
from typing import Any

from mmrrsis.registry import MODELS

from .image_tower import ImageTower
from .mmpretrain_import import import_mmpretrain
from .mmpretrain_towers import TOWERS, find_tower


def build_image_tower(cfg: Mapping[str, Any]) -> ImageTower:
    """Build the image tower of a config.

    Args:
        cfg: Config of an :class:`ImageTower` such as ``SwinStages`` or ``TIMMStages``, or of a backbone of mmpretrain
            for which there is one in :mod:`.mmpretrain_towers`, such as ``mmpretrain.ConvNeXt``.

    Returns:
        The tower.

    Raises:
        ImportError: If the type is of mmpretrain, which is not installed.
        ValueError: If the type is unknown or cannot be run stage by stage.
    """
    name = cfg['type']
    if isinstance(name, str) and name.startswith('mmpretrain.'):
        import_mmpretrain()
    kind = MODELS.get(name) if isinstance(name, str) else name
    if kind is not None and issubclass(kind, ImageTower):
        return MODELS.build(cfg)
    tower = find_tower(kind) if kind is not None else None
    if tower is not None:
        return tower(cfg)
    fault = 'is not registered' if kind is None else 'cannot be run stage by stage'
    known = ', '.join(f'mmpretrain.{tower.backbone_name}' for tower in TOWERS)
    raise ValueError(
        f'model.encoder.image.type={name!r} {fault}. Use SwinStages, TIMMStages, {known}, a subclass of these, or an '
        'ImageTower of your own, registered in MODELS.'
    )
