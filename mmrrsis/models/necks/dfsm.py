# Copyright (c) mmrrsis contributors.
"""DFSM, the dynamic feature selection mechanism of CD2FSAN."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmrrsis.registry import MODELS
from mmrrsis.structures import MultimodalFeatures

from .layer_selection import LayerSelection


@MODELS.register_module()
class DFSM(BaseModule):
    """Choose, for each sample, the two layers whose content agrees best with the sentence.

    CD2FSAN, section 3.3. Each candidate layer is pooled over its pixels and mapped to the text's space by one linear
    layer that all candidates share; its cosine similarity with the sentence is its score; a small network with
    softmax refines the scores to weights; the two layers with the largest weights are taken, in the order of their
    depth, together with the last layer.

    Where the paper is silent or contradicts itself:

    - "cosine similarity" in the text, an element-wise product in the formula: cosine similarity.
    - the candidates are layers 4 to 11 (the paper writes 1..11, 4..12 and 4..11): ``candidate_layers``.
    - an arg max has no gradient, so the linear layer and the selection network would never learn. Each selected map
      is multiplied by ``1 + (w - stop_gradient(w))``: the value stays, and the weight ``w`` gets a gradient.

    Args:
        visual_channels: Channels ``C`` of the visual maps.
        sentence_channels: Width ``D`` of the sentence feature.
        candidate_layers: Layers to choose from, counted from 1.
        hidden_channels: Width of the selection network.
        straight_through: Whether selected maps carry the gradient of their weights.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If there are fewer than two candidates, or one is no layer counted from 1.
    """

    def __init__(
        self,
        visual_channels: int,
        sentence_channels: int,
        candidate_layers: Sequence[int] = (4, 5, 6, 7, 8, 9, 10, 11),
        hidden_channels: int = 64,
        straight_through: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(set(candidate_layers)) < 2 or min(candidate_layers) < 1:
            raise ValueError(
                f'DFSM chooses two of candidate_layers={tuple(candidate_layers)}: give at least two different layers, '
                'counted from 1.'
            )
        self.candidate_layers = tuple(sorted(set(candidate_layers)))
        self.straight_through = straight_through
        self.visual_to_text = nn.Linear(visual_channels, sentence_channels)
        num_candidates = len(self.candidate_layers)
        self.selection = nn.Sequential(
            nn.Linear(num_candidates, hidden_channels), nn.ReLU(), nn.Linear(hidden_channels, num_candidates)
        )

    def similarities(self, candidates: Sequence[Tensor], sentence: Tensor) -> Tensor:
        """Cosine similarity of each candidate layer with the sentence.

        Args:
            candidates: ``M`` maps ``(B, C, H, W)``.
            sentence: ``(B, D)``.

        Returns:
            ``(B, M)`` in [-1, 1].
        """
        pooled = torch.stack([feature.mean(dim=(2, 3)) for feature in candidates], dim=1)  # (B, M, C)
        return F.cosine_similarity(self.visual_to_text(pooled), sentence[:, None], dim=-1)

    def forward(self, features: MultimodalFeatures) -> LayerSelection:
        """Select three maps per sample: two chosen candidates, lower one first, and the last layer.

        Args:
            features: Visual maps of all layers, ``(B, C, H, W)`` each, and the sentence ``(B, D)``.

        Returns:
            The selection; ``scores`` are the softmax weights ``(B, M)``.

        Raises:
            ValueError: If a candidate is deeper than the encoder, or the encoder gives no sentence.
        """
        visual = features.visual.layers
        if self.candidate_layers[-1] > len(visual):
            raise ValueError(
                f'DFSM has candidate_layers={self.candidate_layers} but the image encoder returns {len(visual)} '
                'layers. Change model.neck.layer_selection.candidate_layers.'
            )
        if features.text.sentence is None:
            raise ValueError(
                'DFSM compares layers with the sentence, which the encoder did not give. Take an encoder with a '
                'sentence feature, such as CLIPDualEncoder, or another model.neck.layer_selection.'
            )
        candidates = [visual[layer - 1] for layer in self.candidate_layers]
        weights = self.selection(self.similarities(candidates, features.text.sentence)).softmax(dim=-1)
        # Positions among the candidates, lower layer first: candidates are sorted by depth.
        chosen = weights.topk(2, dim=-1).indices.sort(dim=-1).values  # (B, 2)
        selected = []
        for position in chosen.T:
            feature = torch.stack([candidates[layer][sample] for sample, layer in enumerate(position.tolist())])
            if self.straight_through:
                weight = weights.gather(1, position[:, None])[..., None, None]  # (B, 1, 1, 1)
                feature = feature * (1 + (weight - weight.detach())).to(feature.dtype)
            selected.append(feature)
        layers = torch.tensor(self.candidate_layers, device=chosen.device)[chosen]
        last = torch.full_like(layers[:, :1], len(visual))
        return LayerSelection(
            features=(*selected, visual[-1]), layers=torch.cat((layers, last), dim=1), scores=weights
        )
