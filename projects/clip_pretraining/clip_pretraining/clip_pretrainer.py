# Copyright (c) mmrrsis contributors.
"""CLIP's towers and the contrastive objective that trains them."""

from copy import deepcopy

import torch
from mmengine.model import BaseModel
from open_clip import ClipLoss
from open_clip.model import CLIP
from timm.layers import build_sincos2d_pos_embed
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from mmrrsis.registry import MODELS

from .scene_text_transforms import SceneTextSample


class PatchDropout(nn.Module):
    """Leaves patches out as open_clip's module does (FLIP, Li et al., CVPR 2023), and remembers which are kept.

    Args:
        prob: Share of patches left out; none are when it is zero or the module evaluates.
    """

    def __init__(self, prob: float) -> None:
        super().__init__()
        self.prob = prob
        self.kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Keep the class token and a part of ``(B, 1 + N, C)``; ``kept`` becomes ``(B, K)``, or None for all."""
        self.kept = None
        if not self.training or self.prob == 0:
            return x
        count, patches = x.shape[0], x.shape[1] - 1
        noise = torch.rand(count, patches, device=x.device)
        self.kept = noise.topk(max(1, int(patches * (1 - self.prob)))).indices
        return torch.cat([x[:, :1], x[:, 1:].gather(1, self.kept[:, :, None].expand(-1, -1, x.shape[2]))], 1)


def region_weights(regions: Tensor, grid: int) -> Tensor:
    """How much of each patch a region covers.

    Args:
        regions: ``(R, 4)``, left, top, right, bottom as parts of the image.
        grid: Patches in a row and in a column.

    Returns:
        ``(R, grid * grid)``, from 0 to 1, patches row by row.
    """
    edges = torch.arange(grid, device=regions.device) / grid
    columns, rows = (
        (torch.minimum(regions[:, axis + 2, None], edges + 1 / grid) - torch.maximum(regions[:, axis, None], edges))
        .clamp_min(0)
        .mul(grid)
        for axis in (0, 1)
    )
    return (rows[:, :, None] * columns[:, None, :]).flatten(1)


def loss_in_scene(regions: Tensor, expressions: Tensor, scene_of_region: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy of choosing an expression's region among those of its scene.

    Args:
        regions: Unit features ``(R, D)``.
        expressions: Unit features ``(R, D)`` of the expressions that belong to them.
        scene_of_region: ``(R,)``.
        scale: Inverse temperature.

    Returns:
        The mean over the R expressions; zero where there is none.
    """
    if not len(regions):
        return regions.sum() + expressions.sum()
    logits = scale * expressions @ regions.T
    logits = logits.masked_fill(scene_of_region[:, None] != scene_of_region, -torch.inf)
    return functional.cross_entropy(logits, torch.arange(len(logits), device=logits.device))


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """CLIP's loss between T images and T texts, as open_clip computes it; zero where there is none.

    Args:
        images: Unit features ``(T, D)``.
        texts: Unit features ``(T, D)``.
        scale: Inverse temperature.
    """
    if not len(images):
        return images.sum() + texts.sum()
    return ClipLoss()(images, texts, scale)


def index_scenes(counts: list[int], device: torch.device) -> Tensor:
    """Number the scenes: ``[2, 0, 1]`` regions become ``[0, 0, 2]``."""
    return torch.repeat_interleave(torch.tensor(counts, device=device))


@MODELS.register_module()
class CLIPPretrainer(BaseModel):
    """Train CLIP's towers on scenes with captions, and regions with expressions.

    Three losses, added: scenes against the captions of the batch, as CLIP does it (Radford et al., ICML 2021); regions
    (boxes) against the expressions of the batch, as RegionCLIP does it (Zhong et al., CVPR 2022); and expressions
    against the regions of their own scene alone, where colour and category often do not suffice. The feature of a
    region is the mean over the patch tokens in its box, each weighted by how much of the patch it covers, in CLIP's
    joint space.

    Position embeddings of the image start as sines and cosines: at CLIP's scale they would drown in the patches for
    most of a short training. The towers compute in bfloat16 while they learn, the losses in float32. Where several
    processes train, each contrasts its own samples.

    Args:
        arch: Architecture as in ``CLIPDualEncoder``: ``embed_dim``, ``vision_cfg`` and ``text_cfg`` of open_clip.
        contrast_regions: Whether regions and their expressions are learned from; False leaves CLIP's objective alone.
        patch_dropout: Share of patches left out in training (FLIP, Li et al., CVPR 2023).
        data_preprocessor: Config of the data preprocessor.
        init_cfg: MMEngine initialisation config.
    """

    def __init__(
        self,
        arch: dict,
        contrast_regions: bool = True,
        patch_dropout: float = 0.5,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        arch = deepcopy(dict(arch))
        arch['vision_cfg'] = dict(arch['vision_cfg'], output_tokens=True)
        self.contrast_regions = contrast_regions
        self.clip = CLIP(**arch)
        visual = self.clip.visual
        self.patch_dropout = visual.patch_dropout = PatchDropout(patch_dropout)
        positions = build_sincos2d_pos_embed(list(visual.grid_size), arch['vision_cfg']['width'])
        visual.positional_embedding.data[1:] = positions  # the first one is the class token's

    def forward(
        self, inputs: Tensor, data_samples: list[SceneTextSample], mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor] | list[dict[str, Tensor]]:
        """Run the model in one of MMEngine's modes.

        Args:
            inputs: Images ``(B, 3, H, W)``, normalised.
            data_samples: B samples.
            mode: ``loss``, ``predict`` or ``tensor``.

        Returns:
            A dictionary of losses; or unit features of each sample, ``scene`` ``(D,)``, ``captions`` ``(K, D)``,
            ``regions`` and ``expressions`` ``(R, D)``; or unit features of the scenes ``(B, D)``.

        Raises:
            ValueError: If ``mode`` is none of the three.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return functional.normalize(self.clip.visual(inputs)[0], dim=-1)
        raise ValueError(f"mode={mode!r} is none of 'loss', 'predict', 'tensor'.")

    def encode_images(self, inputs: Tensor, regions: Tensor, scene_of_region: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode scenes and regions.

        Args:
            inputs: Images ``(B, 3, H, W)``, normalised.
            regions: ``(R, 4)`` as parts of the image.
            scene_of_region: ``(R,)`` int64.

        Returns:
            Unit features of the scenes ``(B, D)`` and of the regions ``(R, D)``, and ``(R,)`` bool, which regions
            have at least half a patch left after patch dropout.
        """
        scenes, tokens = self.clip.visual(inputs)
        weights = region_weights(regions, self.clip.visual.grid_size[0])
        if self.patch_dropout.kept is not None:
            weights = weights.gather(1, self.patch_dropout.kept[scene_of_region])
        covered = weights.sum(1)
        weights = (weights / covered.clamp_min(1e-6)[:, None]).to(tokens.dtype)
        features = torch.einsum('rn,rnc->rc', weights, tokens[scene_of_region]) @ self.clip.visual.proj
        return functional.normalize(scenes, dim=-1), functional.normalize(features, dim=-1), covered > 0.5

    def loss(self, inputs: Tensor, data_samples: list[SceneTextSample]) -> dict[str, Tensor]:
        """Contrast a batch; see :meth:`forward`."""
        device = inputs.device
        captions = torch.cat([sample.caption_ids for sample in data_samples])
        scene_of_caption = index_scenes([len(sample.caption_ids) for sample in data_samples], device)
        if self.contrast_regions:
            regions = torch.cat([sample.regions for sample in data_samples])
            texts = torch.cat([captions, *(sample.expression_ids for sample in data_samples)])
            owners = index_scenes([len(sample.regions) for sample in data_samples], device)
        else:
            regions, texts, owners = torch.zeros(0, 4, device=device), captions, scene_of_caption[:0]
        # On a CPU the fused attention's backward pass in bfloat16 takes longer than all the rest of a step.
        kernels = [SDPBackend.MATH] if device.type == 'cpu' else list(SDPBackend.__members__.values())[1:]
        with torch.autocast(device.type, torch.bfloat16), sdpa_kernel(kernels):
            scenes, found, visible = self.encode_images(inputs, regions, owners)
            words = self.clip.encode_text(texts, normalize=True).float()
        said, expressions = words[: len(captions)], words[len(captions) :][visible]
        scenes, found, owners = scenes[scene_of_caption].float(), found[visible].float(), owners[visible]
        scale = self.clip.logit_scale.exp()
        losses = dict(loss_captions=contrastive_loss(scenes, said, scale))
        if self.contrast_regions:
            losses['loss_regions'] = contrastive_loss(found, expressions, scale)
            losses['loss_regions_in_scene'] = loss_in_scene(found, expressions, owners, scale)
        return losses

    def predict(self, inputs: Tensor, data_samples: list[SceneTextSample]) -> list[dict[str, Tensor]]:
        """Encode a batch; see :meth:`forward`."""
        counts = [len(sample.regions) for sample in data_samples]
        regions = torch.cat([sample.regions for sample in data_samples])
        scenes, found, _ = self.encode_images(inputs, regions, index_scenes(counts, inputs.device))
        ids = [text for sample in data_samples for text in (sample.caption_ids, sample.expression_ids)]
        words = self.clip.encode_text(torch.cat(ids), normalize=True).split([len(text) for text in ids])
        return [
            dict(scene=scene, captions=captions, regions=boxes, expressions=expressions)
            for scene, boxes, captions, expressions in zip(
                scenes, found.split(counts), words[::2], words[1::2], strict=True
            )
        ]
