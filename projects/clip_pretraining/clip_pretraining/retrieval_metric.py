# Copyright (c) mmrrsis contributors.
"""How well towers find a scene by its caption, and a region by its expression."""

from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from mmrrsis.registry import METRICS

from .clip_pretrainer import index_scenes


@METRICS.register_module()
class RetrievalMetric(BaseMetric):
    """Recall at 1 and 5 among all scenes with a caption, both ways, and regions found among those of their scene.

    All in per cent. ``region_in_scene`` is how often an expression is nearest to its own region, over the scenes with
    two regions or more; ``region_by_chance`` is what a guess gets there. Figures for which there are no texts are
    left out. A scene has one caption and a region one expression: build the data set in test mode.
    """

    default_prefix = ''  # None would warn; the keys have no prefix on purpose

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep the features that ``CLIPPretrainer`` predicts for a batch."""
        self.results.extend({key: value.cpu() for key, value in sample.items()} for sample in data_samples)

    def compute_metrics(self, results: list[dict[str, Tensor]]) -> dict[str, float]:
        """Compute the scores over all samples."""
        scores: dict[str, float] = {}
        captioned = [result for result in results if len(result['captions'])]
        if captioned:
            captions = torch.cat([result['captions'] for result in captioned])
            similarity = captions @ torch.stack([result['scene'] for result in captioned]).T
            for name, matrix in (('text_to_image', similarity), ('image_to_text', similarity.T)):
                rank = (matrix > matrix.diagonal()[:, None]).sum(1)
                for k in (1, 5):
                    scores[f'{name}_R@{k}'] = round(100 * (rank < k).float().mean().item(), 2)
        regions, expressions = (torch.cat([result[key] for result in results]) for key in ('regions', 'expressions'))
        owners = index_scenes([len(result['regions']) for result in results], regions.device)
        same_scene = owners[:, None] == owners
        has_company = same_scene.sum(1) > 1
        if has_company.any():
            preferred = (expressions @ regions.T).masked_fill(~same_scene, -torch.inf).argmax(1)
            found = preferred == torch.arange(len(owners))
            scores['region_in_scene'] = round(100 * found[has_company].float().mean().item(), 2)
            scores['region_by_chance'] = round(100 * (1 / same_scene.sum(1)[has_company]).mean().item(), 2)
        return scores
