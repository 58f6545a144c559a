# Copyright (c) mmrrsis contributors.
"""The text of one sample or of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor


@dataclass
class ReferringText:
    """A tokenized referring expression, or a batch of them.

    Attributes:
        token_ids: ``(N,)`` or ``(B, N)`` int64, padded to ``N`` tokens.
        token_mask: Same shape, bool. True at real tokens, [SOS]/[CLS] and [EOS]/[SEP] included; False at padding.
        raw: The expression as the user wrote it; a list of B strings for a batch.
        masked_token_ids: Like ``token_ids``, the key phrase's tokens replaced with the tokenizer's padding; None for
            methods that do not use it.
        masked_token_mask: Like ``token_mask``, False at the key phrase too.
    """

    token_ids: Tensor
    token_mask: Tensor
    raw: str | list[str]
    masked_token_ids: Tensor | None = None
    masked_token_mask: Tensor | None = None

    def to(self, *args: Any, **kwargs: Any) -> ReferringText:
        """Return a copy with the tensors moved, as :meth:`torch.Tensor.to`."""
        moved = {name: None if value is None else value.to(*args, **kwargs) for name, value in self._tensors().items()}
        return replace(self, **moved)

    def _tensors(self) -> dict[str, Tensor | None]:
        names = (field.name for field in fields(self) if field.name != 'raw')
        return {name: getattr(self, name) for name in names}

    @classmethod
    def stack(cls, texts: Sequence[ReferringText]) -> ReferringText:
        """Stack B single texts into one batch.

        Args:
            texts: Texts with tensors ``(N,)``, all padded to the same ``N``.

        Returns:
            A text with tensors ``(B, N)`` and a list of B raw strings.
        """
        stacked = {}
        for name in texts[0]._tensors():
            values = [getattr(text, name) for text in texts]
            stacked[name] = None if values[0] is None else torch.stack(values)
        return cls(raw=[text.raw for text in texts], **stacked)

    def __len__(self) -> int:
        """Return the padded number of tokens ``N``."""
        return self.token_ids.shape[-1]
