# Copyright (c) mmrrsis contributors.
"""The text of one sample or of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    """

    token_ids: Tensor
    token_mask: Tensor
    raw: str | list[str]

    def to(self, *args: Any, **kwargs: Any) -> ReferringText:
        """Return a copy with both tensors moved, as :meth:`torch.Tensor.to`."""
        return replace(
            self, token_ids=self.token_ids.to(*args, **kwargs), token_mask=self.token_mask.to(*args, **kwargs)
        )

    @classmethod
    def stack(cls, texts: Sequence[ReferringText]) -> ReferringText:
        """Stack B single texts into one batch.

        Args:
            texts: Texts with tensors ``(N,)``, all padded to the same ``N``.

        Returns:
            A text with tensors ``(B, N)`` and a list of B raw strings.
        """
        return cls(
            token_ids=torch.stack([text.token_ids for text in texts]),
            token_mask=torch.stack([text.token_mask for text in texts]),
            raw=[text.raw for text in texts],
        )

    def __len__(self) -> int:
        """Return the padded number of tokens ``N``."""
        return self.token_ids.shape[-1]
