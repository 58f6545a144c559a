# Copyright (c) mmrrsis contributors.
"""BERT, a group of layers at a time."""

import re
from contextlib import nullcontext
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor
from transformers import BertConfig, BertModel

from mmrrsis.checkpoint import CheckpointMismatchError, list_differences, warn_random_weights
from mmrrsis.downloads import hub_access
from mmrrsis.package_files import PREFIX, resolve_package_file
from mmrrsis.registry import MODELS

#: Parts of published checkpoints that only their pretraining needs, or that older versions of transformers saved.
NOT_LOADED = ('cls.', 'pooler.', 'position_ids')
#: Settings that change what the weights compute without changing their shapes.
SHAPELESS_SETTINGS = ('num_attention_heads', 'hidden_act', 'layer_norm_eps')


@MODELS.register_module()
class BERTStages(BaseModule):
    """BERT of transformers, run a group of layers at a time so that other modules can work in between.

    :meth:`embed`, then :meth:`run_layers` for each group. All layers without anything in between give
    ``BertModel(...).last_hidden_state``. The pooler, which no method here reads, is left out.

    Weights are read when the runner initialises the model, not when it is built.

    Args:
        arch: ``base`` for BERT-base with the uncased vocabulary, or a dictionary of settings of transformers'
            ``BertConfig``, whose defaults are those of BERT-base.
        pretrained: Name of a model on the Hugging Face hub such as ``bert-base-uncased``, a folder, ``package:NAME``
            for a folder that ships with mmrrsis, or None for random weights, which warns.
        take_first_layers: Take the first layers of weights that have more of them than ``arch``. Otherwise such
            weights are refused.
        frozen_layers: The embeddings and this many of the first layers keep their weights; 0: the embeddings alone;
            -1: everything learns.
        init_cfg: MMEngine initialisation config.

    Attributes:
        channels: Width ``D`` of the words.
        num_layers: Number of layers.

    Raises:
        ValueError: If the architecture is unknown or has fewer layers than ``frozen_layers``.
    """

    #: Whose token ids the word embeddings are for.
    reads_tokens_of = 'BERTTokenizer'

    def __init__(
        self,
        arch: str | dict = 'base',
        pretrained: str | None = None,
        take_first_layers: bool = False,
        frozen_layers: int = -1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pretrained = pretrained
        self.take_first_layers = take_first_layers
        # 'eager' takes the additive mask of `run_layers` in every version of transformers; with some twenty tokens
        # there is nothing to be gained from a fused attention.
        config = BertConfig(**{**self._settings(arch), 'attn_implementation': 'eager'})
        self.bert = BertModel(config, add_pooling_layer=False)
        self.channels: int = config.hidden_size
        self.num_layers: int = config.num_hidden_layers
        if frozen_layers > self.num_layers:
            raise ValueError(
                f'model.encoder.text.frozen_layers={frozen_layers}, but the text tower has {self.num_layers} layers.'
            )
        if frozen_layers >= 0:
            self.bert.embeddings.requires_grad_(False)
            self.bert.encoder.layer[:frozen_layers].requires_grad_(False)

    @staticmethod
    def _settings(arch: str | dict) -> dict[str, Any]:
        if isinstance(arch, str):
            if arch != 'base':
                raise ValueError(
                    f'model.encoder.text.arch={arch!r} is unknown. Use "base" or a dictionary of settings of '
                    "transformers' BertConfig."
                )
            return {}
        unknown = sorted(set(arch) - set(BertConfig().to_dict()))
        if unknown:  # BertConfig would keep them and never read them
            raise ValueError(
                f'model.encoder.text.arch has settings that BertConfig does not know: {", ".join(unknown)}. Correct '
                'or remove them.'
            )
        return dict(arch)

    def init_weights(self) -> None:
        """Load ``pretrained``; warn loudly when there is none.

        Raises:
            FileNotFoundError: If the weights are neither found nor downloaded.
            ValueError: If they belong to another architecture.
        """
        if self.pretrained is None:
            warn_random_weights('BERTStages', 'model.encoder.text.pretrained', 'pretrained BERT')
            return
        path = resolve_package_file(self.pretrained)
        # What is no folder here is a name on the hub.
        is_local = path.is_dir() or self.pretrained.startswith(PREFIX)
        source = str(path) if is_local else self.pretrained
        try:
            with nullcontext() if is_local else hub_access():
                saved = BertConfig.from_pretrained(source)
                # A pair because of `output_loading_info`, which its signature does not say.
                pair: Any = BertModel.from_pretrained(
                    source,
                    config=self.bert.config,
                    add_pooling_layer=False,
                    output_loading_info=True,
                    ignore_mismatched_sizes=True,  # reported below
                )
            loaded, report = pair
        except OSError as error:
            raise FileNotFoundError(
                f'model.encoder.text.pretrained={self.pretrained!r} is no folder with BERT weights and could not be '
                f'had from the Hugging Face hub ({error}). On a machine without internet, download the model '
                'elsewhere and give its folder: --cfg-options model.encoder.text.pretrained=/path/to/folder. To start '
                'from random weights on purpose: --cfg-options model.encoder.text.pretrained=None.'
            ) from error
        self._check_fit(saved, report, source)
        self.bert.load_state_dict(loaded.state_dict())
        layers = f'{self.num_layers} of {saved.num_hidden_layers} layers'
        print_log(f'BERTStages: loaded {layers} of {source}', logger='current')

    def _check_fit(self, saved: BertConfig, report: dict[str, Any], source: str) -> None:
        """Refuse weights of another architecture."""
        listed = list_differences(
            {
                'other setting': [
                    f'{name}: checkpoint {getattr(saved, name)!r}, model {getattr(self.bert.config, name)!r}'
                    for name in SHAPELESS_SETTINGS
                    if getattr(saved, name) != getattr(self.bert.config, name)
                ],
                'missing in the checkpoint': sorted(report['missing_keys']),
                'unexpected in the checkpoint': [
                    key
                    for key in sorted(report['unexpected_keys'])
                    if not any(part in key for part in NOT_LOADED)
                    and not (self.take_first_layers and self._is_later_layer(key))
                ],
                'other shape': [
                    f'{key}: checkpoint {tuple(theirs)}, model {tuple(own)}'
                    for key, theirs, own in sorted(report['mismatched_keys'])
                ],
            }
        )
        if listed:
            raise CheckpointMismatchError(
                f'{source} does not fit model.encoder.text.arch.{listed}\n'
                'Choose the architecture that these weights were trained with.'
            )

    def _is_later_layer(self, key: str) -> bool:
        """Tell whether a parameter belongs to a layer after those that the tower has."""
        match = re.search(r'encoder\.layer\.(\d+)\.', key)
        return match is not None and int(match[1]) >= self.num_layers

    def embed(self, token_ids: Tensor) -> Tensor:
        """Embed tokens.

        Args:
            token_ids: ``(B, N)`` int64, ``N`` at most BERT's number of positions.

        Returns:
            ``(B, N, D)``, the input of the first layer.

        Raises:
            ValueError: If ``N`` exceeds the number of positions.
        """
        positions = self.bert.config.max_position_embeddings
        if token_ids.shape[1] > positions:
            raise ValueError(
                f'Expressions are padded to {token_ids.shape[1]} tokens but BERT has {positions} positions. Lower '
                '`max_tokens` of the tokenizer.'
            )
        return self.bert.embeddings(input_ids=token_ids)

    def run_layers(self, words: Tensor, word_mask: Tensor, start: int, stop: int) -> Tensor:
        """Run the layers ``start`` to ``stop - 1``.

        Args:
            words: ``(B, N, D)``, from :meth:`embed` or from the layers before.
            word_mask: ``(B, N)`` bool, True at real words; the others get no attention.
            start: The first layer, from 0.
            stop: The layer after the last one.

        Returns:
            ``(B, N, D)``.
        """
        padding = ~word_mask[:, None, None, :]
        mask = torch.zeros_like(padding, dtype=words.dtype).masked_fill(padding, torch.finfo(words.dtype).min)
        for layer in self.bert.encoder.layer[start:stop]:
            words = layer(words, mask)
        return words

    def forward(self, token_ids: Tensor, word_mask: Tensor) -> Tensor:
        """Run BERT as a whole on tokens ``(B, N)`` with their mask ``(B, N)``: words ``(B, N, D)``."""
        return self.run_layers(self.embed(token_ids), word_mask, 0, self.num_layers)
