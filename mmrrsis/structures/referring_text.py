# Copyright (c) mmrrsis contributors.
"""The text of one sample and the texts of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

_Text = TypeVar('_Text', bound='_Tokens')


@dataclass
class _Tokens:
    """What the text of a sample and the texts of a batch have in common."""

    token_ids: Tensor
    token_mask: Tensor

    def to(self: _Text, *args: Any, **kwargs: Any) -> _Text:
        """Return a copy with the tensors moved, as :meth:`torch.Tensor.to`."""
        return replace(self, **{name: tensor.to(*args, **kwargs) for name, tensor in self._tensors().items()})

    def _tensors(self) -> dict[str, Tensor]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}

    def __len__(self) -> int:
        """Return the padded number of tokens ``N``."""
        return self.token_ids.shape[-1]


@dataclass
class ReferringText(_Tokens):
    """The tokenized referring expression of one sample; :class:`ReferringTextBatch` holds those of a batch.

    Attributes:
        token_ids: ``(N,)`` int64, padded to ``N`` tokens.
        token_mask: ``(N,)`` bool. True at real tokens, [SOS]/[CLS] and [EOS]/[SEP] included; False at padding.
        raw: The expression as the user wrote it.
        masked_token_ids: Like ``token_ids``, the key phrase's tokens replaced with the tokenizer's padding; None for
            methods that do not use it.
        masked_token_mask: Like ``token_mask``, False at the key phrase too.
    """

    raw: str
    masked_token_ids: Tensor | None = None
    masked_token_mask: Tensor | None = None


@dataclass
class ReferringTextBatch(_Tokens):
    """The tokenized referring expressions of B samples, what a text encoder reads.

    Attributes:
        token_ids: ``(B, N)`` int64, padded to ``N`` tokens.
        token_mask: ``(B, N)`` bool, True at real tokens.
        raw: B expressions as the user wrote them.
        masked_token_ids: Like ``token_ids``, without the key phrases; None for methods that do not use it.
        masked_token_mask: Like ``token_mask``, False at the key phrases too.
    """

    raw: list[str]
    masked_token_ids: Tensor | None = None
    masked_token_mask: Tensor | None = None

    @classmethod
    def stack(cls, texts: Sequence[ReferringText]) -> ReferringTextBatch:
        """Stack the texts of B samples.

        Args:
            texts: Texts with tensors ``(N,)``, all padded to the same ``N``.

        Returns:
            Their batch, tensors ``(B, N)``.
        """
        stacked = {name: torch.stack([getattr(text, name) for text in texts]) for name in texts[0]._tensors()}
        return cls(raw=[text.raw for text in texts], **stacked)
