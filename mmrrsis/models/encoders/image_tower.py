# Copyright (c) mmrrsis contributors.
"""What an encoder needs of an image tower that is run stage by stage, and how one is built from a config."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from mmrrsis.registry import MODELS

from .backbone_towers import TOWERS, find_backbone_tower
from .mmpretrain_import import import_mmpretrain


@runtime_checkable
class ImageTower(Protocol):
    """An image network in stages, between which other modules can work.

    ``embed``, then ``run_stage`` for each stage, on what the stage before returned or on what another module made of
    it; ``normalize`` gives the form in which decoders read a stage. Each stage has at most the resolution of the one
    before.

    Attributes:
        channels: Channels ``C_i`` of each stage, first stage first.
    """

    channels: tuple[int, ...]

    def embed(self, images: Tensor) -> Tensor:
        """Make of images ``(B, 3, H, W)`` what stage 0 reads, ``(B, C, H_0, W_0)``."""

    def run_stage(self, index: int, visual: Tensor) -> Tensor:
        """Run stage ``index``, from 0: ``(B, C_{i-1}, H_{i-1}, W_{i-1})`` to ``(B, C_i, H_i, W_i)``."""

    def normalize(self, index: int, visual: Tensor) -> Tensor:
        """Apply the norm that stage ``index`` has for its readers, if any, to its map ``(B, C_i, H_i, W_i)``."""


def build_image_tower(cfg: Mapping[str, Any]) -> nn.Module:
    """Build the image tower of a config.

    Args:
        cfg: Config of an :class:`ImageTower` such as ``SwinStages``, or of a backbone of another package, with its
            scope, for which there is a tower: see :mod:`.backbone_towers`.

    Returns:
        A module that is an :class:`ImageTower`.

    Raises:
        ImportError: If the type is of mmpretrain, which is not installed.
        ValueError: If the type is unknown or cannot be run stage by stage.
    """
    name = str(cfg['type'])
    if name.startswith('mmpretrain.'):
        import_mmpretrain()
    backbone = MODELS.get(name)
    tower = find_backbone_tower(backbone) if backbone is not None else None
    if tower is not None:
        return tower(cfg)
    if backbone is None or not all(hasattr(backbone, method) for method in ('embed', 'run_stage', 'normalize')):
        fault = 'is not registered' if backbone is None else 'cannot be run stage by stage'
        known = ', '.join(f'mmpretrain.{tower.backbone_name}' for tower in TOWERS)
        raise ValueError(
            f'model.encoder.image.type={name!r} {fault}. Use SwinStages, {known} (or a subclass of these), '
            'mmseg.TIMMBackbone, or a registered module of your own with `channels`, `embed`, `run_stage` and '
            '`normalize`.'
        )
    return MODELS.build(cfg)
