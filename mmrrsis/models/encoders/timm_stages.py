# Copyright (c) mmrrsis contributors.
"""A backbone of timm, stage by stage."""

from collections.abc import Mapping, Sequence
from typing import Any

import timm
import torch
from mmengine.logging import print_log
from timm.models import FeatureListNet
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from mmrrsis.checkpoint import check_weights, read_state_dict, warn_random_weights
from mmrrsis.downloads import hub_access
from mmrrsis.package_files import resolve_package_file
from mmrrsis.registry import MODELS

from .image_tower import ImageTower


@MODELS.register_module()
class TIMMStages(ImageTower):
    """An image classifier of timm, run one stage at a time so that other modules can work in between.

    Without anything in between the maps are those of timm's ``features_only`` model. The classifier and what lies
    behind the last stage are left out.

    Images may have any size that the architecture takes; its mean and standard deviation (timm's
    ``pretrained_cfg``) belong into the data preprocessor.

    Weights are read when the runner initialises the model, not when it is built.

    Args:
        arch: Name of a convolutional architecture of timm, for example ``tf_efficientnet_lite0`` or ``resnet50``.
        out_indices: Which of timm's feature levels are stages, from 0. (1, 2, 3, 4) are the strides 4, 8, 16 and 32
            of most networks.
        pretrained: Path of a checkpoint with timm's names, ``package:NAME`` for a file that ships with mmrrsis,
            ``timm`` for the weights that timm downloads, or None for random weights, which warns.
        norm_eval: Whether batch norms keep the statistics that they were pretrained with. Batches of a few images are
            too small to learn others from.
        frozen_stages: This many of the first stages keep their weights, and no gradient is computed in them.
        init_cfg: MMEngine initialisation config.

    Attributes:
        channels: Channels ``C_i`` of each stage, first stage first.

    Raises:
        ValueError: If timm has no such architecture, its maps are not ``(B, C, H, W)``, or it has fewer stages than
            ``frozen_stages``.
    """

    def __init__(
        self,
        arch: str,
        out_indices: Sequence[int] = (1, 2, 3, 4),
        pretrained: str | None = None,
        norm_eval: bool = True,
        frozen_stages: int = 0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not timm.is_model(arch):
            raise ValueError(
                f'model.encoder.image.arch={arch!r} is no architecture of timm {timm.__version__}. '
                '`timm.list_models()` lists them.'
            )
        self.arch = arch
        self.pretrained = pretrained
        self.norm_eval = norm_eval
        model: Any = timm.create_model(arch)
        if getattr(model, 'output_fmt', 'NCHW') != 'NCHW':
            raise ValueError(
                f'model.encoder.image.arch={arch!r} has maps in the order NHWC, TIMMStages reads NCHW. Choose a '
                'convolutional architecture.'
            )
        infos: list[dict] = list(model.feature_info)
        nested = any('.' in info['module'] for info in infos)
        self.body = FeatureListNet(model, out_indices=tuple(out_indices), flatten_sequential=nested)
        self.channels: tuple[int, ...] = tuple(self.body.feature_info.channels())
        # The modules of each stage: up to and with the one whose output timm returns.
        self._stages: list[list[str]] = [[]]
        for name in self.body:
            self._stages[-1].append(name)
            if name in self.body.return_layers:
                self._stages.append([])
        self._stages.pop()
        if frozen_stages > len(self._stages):
            raise ValueError(
                f'model.encoder.image.frozen_stages={frozen_stages}, but the image tower has {len(self._stages)} '
                'stages.'
            )
        self.frozen_stages = frozen_stages
        for name in self._frozen_modules():
            self.body[name].requires_grad_(False)

    def init_weights(self) -> None:
        """Load ``pretrained``; warn loudly when there is none.

        Raises:
            FileNotFoundError: If the file does not exist or the download fails.
            ValueError: If its weights belong to another architecture.
        """
        if self.pretrained is None:
            warn_random_weights('TIMMStages', 'model.encoder.image.pretrained', f'{self.arch} pretrained on ImageNet')
            return
        if self.pretrained == 'timm':
            self.load_timm_state_dict(self._download(), source='timm')
        else:
            path = resolve_package_file(self.pretrained)
            if not path.is_file():
                raise FileNotFoundError(
                    f'model.encoder.image.pretrained={self.pretrained!r} is no file. Give the path of a checkpoint of '
                    f'timm\'s {self.arch}, "timm" to let timm download it, or None for random weights.'
                )
            self.load_timm_state_dict(read_state_dict(path), source=str(path))
        print_log(f'TIMMStages: loaded {self.pretrained}', logger='current')

    def _download(self) -> dict[str, Tensor]:
        try:
            with hub_access():
                return timm.create_model(self.arch, pretrained=True).state_dict()
        except (OSError, RuntimeError) as error:
            raise FileNotFoundError(
                f"timm's weights of {self.arch} could not be downloaded ({error}). On a machine without internet, "
                'download them elsewhere and give their path: --cfg-options '
                'model.encoder.image.pretrained=/path/to/weights. To start from random weights on purpose: '
                '--cfg-options model.encoder.image.pretrained=None.'
            ) from error

    def load_timm_state_dict(self, state_dict: Mapping[str, Tensor], source: str = 'state dict') -> None:
        """Load the state dict of the whole classifier; what the stages do not have is left out.

        Args:
            state_dict: Weights in timm's naming.
            source: Where they come from, for error messages.

        Raises:
            ValueError: If keys are missing or of another shape.
        """
        own = self.body.state_dict()
        # A module of a sequence that was taken apart is called blocks_0 here and blocks.0 by timm.
        names = {key: key for key in own}
        for module in self.body:
            if '_' in module and module.rpartition('_')[2].isdigit():
                original = '.'.join(module.rsplit('_', 1))
                for key in own:
                    if key.startswith(f'{module}.') and key not in state_dict:
                        names[key] = original + key.removeprefix(module)
        fitting = {key: state_dict[name] for key, name in names.items() if name in state_dict}
        check_weights(
            fitting,
            own,
            f'{source} does not fit model.encoder.image.arch={self.arch!r}.',
            'Choose the architecture that these weights were trained with.',
        )
        self.body.load_state_dict(fitting)

    def _frozen_modules(self) -> list[str]:
        return [name for stage in self._stages[: self.frozen_stages] for name in stage]

    def train(self, mode: bool = True) -> 'TIMMStages':
        """Switch to training or evaluation; frozen stages and, with ``norm_eval``, batch norms stay in evaluation."""
        super().train(mode)
        if mode:
            for name in self._frozen_modules():
                self.body[name].eval()
            for module in self.modules():
                if self.norm_eval and isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def embed(self, images: Tensor) -> Tensor:
        """Return the images ``(B, 3, H, W)``: the first stage begins with the network's stem.

        Pixels come first in memory: depthwise convolutions run up to three times as fast so.
        """
        return images.contiguous(memory_format=torch.channels_last)

    def run_stage(self, index: int, visual: Tensor) -> Tensor:
        """Run one stage.

        Args:
            index: The stage, from 0.
            visual: The images for stage 0, else the map of the stage before.

        Returns:
            ``(B, C_i, H_i, W_i)``.
        """
        for name in self._stages[index]:
            visual = self.body[name](visual)
        return visual
