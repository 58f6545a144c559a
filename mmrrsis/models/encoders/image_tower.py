# Copyright (c) mmrrsis contributors.
"""What encoders need of an image network."""

from abc import ABCMeta, abstractmethod

from mmengine.model import BaseModule
from torch import Tensor


class ImageTower(BaseModule, metaclass=ABCMeta):
    """An image network in stages, between which other modules can work.

    :meth:`embed`, then :meth:`run_stage` for each stage, on what the stage before returned or on what another module
    made of it; :meth:`normalize` gives the form in which decoders read a stage.

    Attributes:
        channels: Channels ``C_i`` of each stage, first stage first.
    """

    channels: tuple[int, ...]

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """Make of images ``(B, 3, H, W)`` what stage 0 reads."""

    @abstractmethod
    def run_stage(self, index: int, visual: Tensor) -> Tensor:
        """Run one stage.

        Args:
            index: The stage, from 0.
            visual: What :meth:`embed` returned for stage 0, else the map ``(B, C_{i-1}, H_{i-1}, W_{i-1})`` of the
                stage before.

        Returns:
            ``(B, C_i, H_i, W_i)``, not normalised.
        """

    def normalize(self, index: int, visual: Tensor) -> Tensor:
        """Apply the norm that stage ``index`` has for its readers to its map ``(B, C_i, H_i, W_i)``; here: none."""
        return visual

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run all stages on images ``(B, 3, H, W)``: one map ``(B, C_i, H_i, W_i)`` per stage, normalised."""
        maps = []
        visual = self.embed(images)
        for index in range(len(self.channels)):
            visual = self.run_stage(index, visual)
            maps.append(self.normalize(index, visual))
        return tuple(maps)
