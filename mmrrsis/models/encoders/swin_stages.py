# Copyright (c) mmrrsis contributors.
"""Swin Transformer, stage by stage."""

from typing import Any

from mmengine.logging import print_log
from mmseg.models.backbones import SwinTransformer
from torch import Tensor

from mmrrsis.checkpoint import warn_random_weights
from mmrrsis.registry import MODELS

from .image_tower import ImageTower
from .image_weights import read_image_weights, resolve_image_weights
from .swin_weights import fit_swin_state_dict

#: The architectures of Liu et al., "Swin Transformer" (ICCV 2021), section 3.3.
ARCHITECTURES = {
    'tiny': dict(embed_dims=96, depths=(2, 2, 6, 2), num_heads=(3, 6, 12, 24)),
    'small': dict(embed_dims=96, depths=(2, 2, 18, 2), num_heads=(3, 6, 12, 24)),
    'base': dict(embed_dims=128, depths=(2, 2, 18, 2), num_heads=(4, 8, 16, 32)),
    'large': dict(embed_dims=192, depths=(2, 2, 18, 2), num_heads=(6, 12, 24, 48)),
}


class SwinSteps(ImageTower):
    """The steps of a Swin Transformer of mmsegmentation or mmpretrain.

    Without anything in between the result is that of the ``SwinTransformer``. Patch merging is the first part of a
    stage, not the last of the one before, so that what is written into a stage's map is merged as well.

    Images may have any size: patches, merged patches and windows are padded at the right and at the bottom, and maps
    smaller than the window too.

    Attributes:
        swin: The ``SwinTransformer``.
    """

    swin: Any

    def embed(self, images: Tensor) -> Tensor:
        """Cut images ``(B, 3, H, W)`` into patches, a map ``(B, C_1, H / 4, W / 4)``, both sides rounded up."""
        tokens, shape = self.swin.patch_embed(images)
        return self._to_map(self.swin.drop_after_pos(tokens), shape)

    def run_stage(self, index: int, visual: Tensor) -> Tensor:
        """Run one stage.

        Args:
            index: The stage, from 0.
            visual: ``(B, C_1, H / 4, W / 4)`` patches for stage 0, else the map of the stage before.

        Returns:
            ``(B, C_i, H_i, W_i)``, not normalised.
        """
        tokens, shape = visual.flatten(2).transpose(1, 2), tuple(visual.shape[-2:])
        if index > 0:
            tokens, shape = self.swin.stages[index - 1].downsample(tokens, shape)
        for block in self.swin.stages[index].blocks:
            tokens = block(tokens, shape)
        return self._to_map(tokens, shape)

    def normalize(self, index: int, visual: Tensor) -> Tensor:
        """Apply the layer norm that stage ``index`` has for its readers to a map ``(B, C_i, H_i, W_i)``."""
        norm = getattr(self.swin, f'norm{index}')
        return norm(visual.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()

    @staticmethod
    def _to_map(tokens: Tensor, shape: tuple[int, ...]) -> Tensor:
        return tokens.transpose(1, 2).unflatten(2, shape)


@MODELS.register_module()
class SwinStages(SwinSteps):
    """mmsegmentation's Swin Transformer as an image tower, run one stage at a time: see :class:`SwinSteps`.

    Weights are read when the runner initialises the model, not when it is built.

    Args:
        arch: ``tiny``, ``small``, ``base``, ``large``, or a dictionary with ``embed_dims``, and ``depths`` and
            ``num_heads`` per stage.
        window_size: Side of the attention windows, in pixels of the map.
        drop_path_rate: Stochastic depth of the last block; grows linearly from zero. 0.3 is LAVT's.
        pretrained: Checkpoint of Swin's authors, of mmsegmentation or of mmpretrain (path, ``package:NAME`` for a file
            that ships with mmrrsis, or http(s) address), or None for random weights, which warns. Position biases
            are resized where it was trained with another window.
        init_cfg: MMEngine initialisation config.

    Attributes:
        channels: Channels ``C_i`` of each stage, first stage first.

    Raises:
        ValueError: If the architecture is unknown or its parts do not fit together.
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        window_size: int = 12,
        drop_path_rate: float = 0.3,
        pretrained: str | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        settings = self._settings(arch)
        self.pretrained = pretrained
        self.swin = SwinTransformer(
            **settings,
            window_size=window_size,
            drop_path_rate=drop_path_rate,
            out_indices=tuple(range(len(settings['depths']))),
        )
        self.channels: tuple[int, ...] = tuple(self.swin.num_features)

    @staticmethod
    def _settings(arch: str | dict) -> dict[str, Any]:
        if isinstance(arch, str):
            if arch not in ARCHITECTURES:
                raise ValueError(
                    f'model.encoder.image.arch={arch!r} is no Swin Transformer. Use {", ".join(ARCHITECTURES)} or a '
                    'dictionary with embed_dims, depths and num_heads.'
                )
            return ARCHITECTURES[arch]
        if set(arch) != {'embed_dims', 'depths', 'num_heads'} or len(arch['depths']) != len(arch['num_heads']):
            raise ValueError(
                f'model.encoder.image.arch={dict(arch)} must have the keys embed_dims, depths and num_heads, the last '
                'two with one number per stage.'
            )
        for stage, heads in enumerate(arch['num_heads']):
            channels = arch['embed_dims'] * 2**stage
            if channels % heads:
                raise ValueError(
                    f'model.encoder.image.arch: stage {stage + 1} has {channels} channels, which {heads} heads cannot '
                    'share. Change embed_dims or num_heads.'
                )
        return dict(arch)

    def init_weights(self) -> None:
        """Load ``pretrained``; warn loudly when there is none.

        Raises:
            FileNotFoundError: If the weights are neither found nor downloaded.
            ValueError: If they are no Swin weights or belong to another architecture.
        """
        if self.pretrained is None:
            self.swin.init_weights()
            expected = 'a Swin Transformer pretrained on ImageNet'
            warn_random_weights('SwinStages', 'model.encoder.image.pretrained', expected)
            return
        path = resolve_image_weights(self.pretrained, 'model.encoder.image.pretrained')
        self.load_swin_state_dict(read_image_weights(path), source=str(path))
        print_log(f'SwinStages: loaded {path}', logger='current')

    def load_swin_state_dict(self, state_dict: dict[str, Tensor], source: str = 'state dict') -> None:
        """Load a state dict in the naming of Swin's authors or in that of mmsegmentation and mmpretrain.

        Args:
            state_dict: The weights.
            source: Where they come from, for error messages.

        Raises:
            ValueError: If keys are missing, unexpected or of another shape.
        """
        self.swin.load_state_dict(fit_swin_state_dict(state_dict, self.swin, source))
