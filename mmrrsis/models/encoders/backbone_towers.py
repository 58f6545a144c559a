# Copyright (c) mmrrsis contributors.
"""Backbones of mmpretrain and timm as image towers: their own layers, run stage by stage."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from mmengine.logging import print_log
from mmengine.model import BaseModule
from timm.models import FeatureListNet
from torch import Tensor, nn

from mmrrsis.checkpoint import check_weights, warn_random_weights
from mmrrsis.downloads import hub_access
from mmrrsis.registry import MODELS

from .image_weights import read_image_weights, resolve_image_weights
from .swin_stages import SwinSteps
from .swin_weights import fit_swin_state_dict

KEY = 'model.encoder.image'


class BackboneTower(BaseModule):
    """A backbone of another package as an :class:`~mmrrsis.models.encoders.image_tower.ImageTower`.

    Without anything between the stages the result is that of the backbone's own ``forward``.

    Weights are read when the runner initialises the model, not when it is built: those of ``init_cfg=dict(
    type='Pretrained', checkpoint=..., prefix='backbone.')`` in the backbone's config, where ``checkpoint`` is a path,
    ``package:NAME`` or an http(s) address. Unlike MMEngine's own initialisation, which logs what does not fit, a
    missing, unexpected or differently shaped key is an error.

    Args:
        cfg: Config of the backbone; ``type`` with its scope.

    Attributes:
        channels: Channels ``C_i`` of each stage, first stage first.

    Raises:
        ValueError: If the backbone does not fit a tower.
    """

    #: Class of the backbone; its subclasses are meant as well.
    backbone_name: ClassVar[str]
    #: Settings that the tower needs. A config may repeat them.
    defaults: ClassVar[dict[str, Any]] = dict(out_indices=(0, 1, 2, 3))
    channels: tuple[int, ...]

    def __init__(self, cfg: Mapping[str, Any]) -> None:
        super().__init__()
        self.type = str(cfg['type'])
        # Parts that the backbone builds in turn are looked up in its own package.
        scope = self.type.partition('.')[0]
        self.backbone = MODELS.build({**self.defaults, **cfg, '_scope_': scope})

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
            warn_random_weights(self.type, f"{KEY}.init_cfg: no 'Pretrained'", 'a backbone pretrained on ImageNet')
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

    def normalize(self, index: int, visual: Tensor) -> Tensor:
        """Apply the norm that stage ``index`` has for its readers to a map ``(B, C_i, H_i, W_i)``."""
        return getattr(self.backbone, f'norm{index}')(visual)


class ConvNeXtTower(BackboneTower):
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


class SwinTower(SwinSteps, BackboneTower):
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


class ResNetTower(BackboneTower):
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

    def normalize(self, index: int, visual: Tensor) -> Tensor:
        """Return the map."""
        return visual


class TIMMTower(BackboneTower):
    """``mmseg.TIMMBackbone`` or ``mmpretrain.TIMMBackbone``: networks of timm that are a chain of layers.

    One stage ends at each of ``out_indices``; ``channels`` and strides are those of timm's ``feature_info``. Networks
    for which timm returns features by other means than by a chain are refused; EfficientNet and MobileNet become one
    with ``feature_cfg=dict(flatten_sequential=True)``.

    ``pretrained=True`` reads timm's own weights, when the runner initialises the model, from the hub or from the file
    of ``pretrained_cfg_overlay=dict(file=...)``.
    """

    backbone_name = 'TIMMBackbone'
    defaults = dict(features_only=True)

    def __init__(self, cfg: Mapping[str, Any]) -> None:
        self.cfg = {**cfg}
        super().__init__({**cfg, 'pretrained': False})
        network = self.backbone.timm_model
        if not isinstance(network, FeatureListNet) or network.output_fmt != 'NCHW':
            raise ValueError(
                f'{KEY}: timm gives the features of model_name={cfg["model_name"]!r} as {type(network).__name__}'
                ', which cannot be run stage by stage as maps (B, C, H, W). EfficientNet and MobileNet can with '
                'feature_cfg=dict(flatten_sequential=True); vision transformers and networks with channels last '
                'cannot.'
            )
        self.channels = tuple(network.feature_info.channels())
        names = list(network)
        ends = [index + 1 for index, name in enumerate(names) if name in network.return_layers]
        self.stages = [names[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]

    def init_weights(self) -> None:
        """Load timm's weights with ``pretrained=True``, else those of ``init_cfg``; warn loudly without both.

        Raises:
            FileNotFoundError: If the weights are neither found nor downloaded.
            ValueError: If those of ``init_cfg`` belong to another architecture.
        """
        if not self.cfg.get('pretrained'):
            super().init_weights()
            return
        try:
            with hub_access():
                loaded = MODELS.build({**self.defaults, **self.cfg})
        except OSError as error:
            raise FileNotFoundError(
                f'The weights of timm that {KEY}.pretrained=True asks for could not be had ({error}). On a machine '
                f'without internet, download them elsewhere and give their path: {KEY}.pretrained_cfg_overlay='
                f'dict(file=/path/to/weights). To start from random weights on purpose: {KEY}.pretrained=False.'
            ) from error
        self.backbone.load_state_dict(loaded.state_dict())
        print_log(f'{self.type}: loaded the weights of {self.cfg["model_name"]}', logger='current')

    def embed(self, images: Tensor) -> Tensor:
        """Return the images ``(B, 3, H, W)``: the stem is a part of the first stage."""
        return images

    def run_stage(self, index: int, visual: Tensor) -> Tensor:
        """Run stage ``index``: ``(B, C_{i-1}, H_{i-1}, W_{i-1})`` to ``(B, C_i, H_i, W_i)``."""
        for name in self.stages[index]:
            visual = self.backbone.timm_model[name](visual)
        return visual

    def normalize(self, index: int, visual: Tensor) -> Tensor:
        """Return the map: timm's features have no norm of their own."""
        return visual


#: What can be run stage by stage.
TOWERS = (ConvNeXtTower, ResNetTower, SwinTower, TIMMTower)


def find_backbone_tower(backbone: type) -> type[BackboneTower] | None:
    """Find the tower for a class of mmpretrain, or for the ``TIMMBackbone`` of mmsegmentation, or a subclass."""
    for base in backbone.__mro__:
        for tower in TOWERS:
            from_mmpretrain = base.__module__.startswith('mmpretrain.')
            if base.__name__ == tower.backbone_name and (from_mmpretrain or tower is TIMMTower):
                return tower
    return None
