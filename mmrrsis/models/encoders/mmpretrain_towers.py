# Copyright (c) mmrrsis contributors.
"""Backbones of mmpretrain as image towers: their own layers, run stage by stage."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from mmengine.logging import print_log
from torch import Tensor, nn

from mmrrsis.checkpoint import check_weights, warn_random_weights
from mmrrsis.registry import MODELS

from .image_tower import ImageTower
from .image_weights import read_image_weights, resolve_image_weights
from .swin_stages import SwinSteps
from .swin_weights import fit_swin_state_dict

KEY = 'model.encoder.image'


class MMPretrainTower(ImageTower):
    """A backbone of mmpretrain as an image tower; built by :func:`.build_image_tower` from the backbone's config.

    Without anything between the stages the result is that of the backbone's own ``forward``.

    Weights are read when the runner initialises the model, not when it is built: those of ``init_cfg=dict(
    type='Pretrained', checkpoint=..., prefix='backbone.')`` in the backbone's config, where ``checkpoint`` is a path,
    ``package:NAME`` or an http(s) address. Unlike MMEngine's own initialisation, which logs what does not fit, a
    missing, unexpected or differently shaped key is an error.

    Args:
        cfg: Config of the backbone: ``type``, for example ``mmpretrain.ConvNeXt``, and its own settings.

    Attributes:
        channels: Channels ``C_i`` of each stage, first stage first.

    Raises:
        ValueError: If the backbone does not fit a tower.
    """

    #: Class of the backbone; its subclasses are meant as well.
    backbone_name: ClassVar[str]
    #: Settings that the tower needs. A config may repeat them.
    defaults: ClassVar[dict[str, Any]] = dict(out_indices=(0, 1, 2, 3))

    def __init__(self, cfg: Mapping[str, Any]) -> None:
        super().__init__()
        # The scope: parts that the backbone builds in turn are looked up in its own package.
        self.backbone: Any = MODELS.build({**self.defaults, **cfg, '_scope_': 'mmpretrain'})
        self.type = f'mmpretrain.{type(self.backbone).__name__}'

    def _weights(self) -> dict[str, Any] | None:
        """Return the part of the backbone's initialisation that reads weights."""
        settings = self.backbone.init_cfg or []
        for part in [settings] if isinstance(settings, Mapping) else settings:
            if part['type'] == 'Pretrained':
                return dict(part)
        return None

    def init_weights(self) -> None:
        """Load the weights that ``init_cfg`` names; warn loudly when it names none.

        Raises:
            FileNotFoundError: If the weights are neither found nor downloaded.
            ValueError: If they belong to another architecture.
        """
        weights = self._weights()
        if weights is None:
            self.backbone.init_weights()
            warn_random_weights(self.type, f'{KEY}.init_cfg', 'a backbone pretrained on ImageNet')
            return
        path = resolve_image_weights(weights['checkpoint'], f'{KEY}.init_cfg.checkpoint')
        state_dict = self._fit(read_image_weights(path, weights.get('prefix', 'backbone.')), str(path))
        self.backbone.load_state_dict(state_dict)
        print_log(f'{self.type}: loaded {path}', logger='current')

    def _fit(self, state_dict: dict[str, Tensor], source: str) -> dict[str, Tensor]:
        own = self.backbone.state_dict()
        last_norm = f'norm{len(self.channels) - 1}.'
        for key, value in own.items():  # a classifier has the norm of its last stage only
            if re.match(r'norm\d+\.', key) and not key.startswith(last_norm):
                state_dict.setdefault(key, value)
        check_weights(
            state_dict,
            own,
            f'{source} does not fit {KEY} ({self.type}).',
            'Choose the settings that these weights were trained with.',
        )
        return state_dict

    def _check_norms(self) -> None:
        """Refuse a backbone that has no norm for the readers of some stage."""
        if any(not hasattr(self.backbone, f'norm{stage}') for stage in range(len(self.channels))):
            raise ValueError(
                f'{KEY}.out_indices={tuple(self.backbone.out_indices)} must name all {len(self.channels)} stages of '
                f'{self.type}: every stage is fused and read. Set it to {tuple(range(len(self.channels)))}.'
            )


class ConvNeXtTower(MMPretrainTower):
    """``mmpretrain.ConvNeXt`` (Liu et al., 2022; with ``use_grn=True`` Woo et al., 2023), strides 4, 8, 16, 32.

    Downsampling is the first part of a stage.
    """

    backbone_name = 'ConvNeXt'
    defaults = dict(out_indices=[0, 1, 2, 3], gap_before_final_norm=False)

    def __init__(self, cfg: Mapping[str, Any]) -> None:
        super().__init__(cfg)
        self.channels = tuple(self.backbone.channels)
        self._check_norms()

    def embed(self, images: Tensor) -> Tensor:
        """Return the images ``(B, 3, H, W)``: cutting them into patches is a part of the first stage."""
        return images

    def run_stage(self, index: int, visual: Tensor) -> Tensor:
        """Run stage ``index``: ``(B, C_{i-1}, H_{i-1}, W_{i-1})`` to ``(B, C_i, H_i, W_i)``, not normalised."""
        return self.backbone.stages[index](self.backbone.downsample_layers[index](visual))

    def normalize(self, index: int, visual: Tensor) -> Tensor:
        """Apply the norm that stage ``index`` has for its readers to a map ``(B, C_i, H_i, W_i)``."""
        return getattr(self.backbone, f'norm{index}')(visual)


class SwinTower(SwinSteps, MMPretrainTower):
    """``mmpretrain.SwinTransformer`` (Liu et al., 2021), strides 4, 8, 16, 32; see :class:`SwinStages`.

    ``pad_small_map`` is on, so that an image may be so small that a map is smaller than the window.
    """

    backbone_name = 'SwinTransformer'
    defaults = dict(out_indices=(0, 1, 2, 3), pad_small_map=True)

    def __init__(self, cfg: Mapping[str, Any]) -> None:
        super().__init__(cfg)
        for key in ('use_abs_pos_embed', 'out_after_downsample'):
            if getattr(self.backbone, key):
                raise ValueError(f'{KEY}.{key}=True of {self.type} cannot be run stage by stage. Leave it out.')
        self.channels = tuple(self.backbone.num_features)
        self._check_norms()

    @property
    def swin(self) -> nn.Module:
        """The backbone."""
        return self.backbone

    def _fit(self, state_dict: dict[str, Tensor], source: str) -> dict[str, Tensor]:
        return fit_swin_state_dict(state_dict, self.backbone, source)


class ResNetTower(MMPretrainTower):
    """``mmpretrain.ResNet`` (He et al., 2016) and its subclasses, such as ``ResNetV1d``, ``ResNeXt``, ``SEResNet``.

    Strides 4, 8, 16, 32; stages have no norm for their readers.
    """

    backbone_name = 'ResNet'

    def __init__(self, cfg: Mapping[str, Any]) -> None:
        super().__init__(cfg)
        self.channels = tuple(getattr(self.backbone, name)[-1].out_channels for name in self.backbone.res_layers)

    def embed(self, images: Tensor) -> Tensor:
        """Run the stem on images ``(B, 3, H, W)``, a map at stride 4."""
        backbone = self.backbone
        x = backbone.stem(images) if backbone.deep_stem else backbone.relu(backbone.norm1(backbone.conv1(images)))
        return backbone.maxpool(x)

    def run_stage(self, index: int, visual: Tensor) -> Tensor:
        """Run stage ``index``: ``(B, C_{i-1}, H_{i-1}, W_{i-1})`` to ``(B, C_i, H_i, W_i)``."""
        return getattr(self.backbone, self.backbone.res_layers[index])(visual)


#: What can be run stage by stage.
TOWERS: tuple[type[MMPretrainTower], ...] = (ConvNeXtTower, ResNetTower, SwinTower)


def find_tower(backbone: type) -> type[MMPretrainTower] | None:
    """Find the tower for a class of mmpretrain, or for a subclass that has its ``forward``; None if there is none."""
    for base in backbone.__mro__:
        for tower in TOWERS:
            is_named = base.__module__.startswith('mmpretrain.') and base.__name__ == tower.backbone_name
            if is_named and getattr(backbone, 'forward', None) is getattr(base, 'forward', None):
                return tower
    return None
