# Copyright (c) mmrrsis contributors.
"""CLIP's byte pair encoding."""

import torch
from open_clip.tokenizer import SimpleTokenizer

from mmrrsis.registry import TOKENIZERS
from mmrrsis.structures import ReferringText


@TOKENIZERS.register_module()
class CLIPTokenizer:
    """CLIP's tokenizer, from open_clip.

    A longer expression is cut; [SOS] and [EOS] stay.

    Args:
        max_tokens: Tokens ``N`` of every text, [SOS] and [EOS] included. CD2FSAN cuts at 22.

    Raises:
        ValueError: If ``max_tokens`` leaves no room for a word.
    """

    def __init__(self, max_tokens: int = 22) -> None:
        if max_tokens < 3:
            raise ValueError(
                f'CLIPTokenizer needs `max_tokens` of 3 or more, for [SOS], a word and [EOS], but got {max_tokens}.'
            )
        self.max_tokens = max_tokens
        self._tokenizer = SimpleTokenizer(context_length=max_tokens)

    def count_tokens(self, expression: str) -> int:
        """Return the tokens that an expression would have if none were cut, [SOS] and [EOS] included."""
        return len(self._tokenizer.encode(expression)) + 2

    def __call__(self, expression: str) -> ReferringText:
        """Tokenize one expression.

        Args:
            expression: The expression.

        Returns:
            ``token_ids`` and ``token_mask`` are ``(N,)``; True up to and with [EOS].

        Raises:
            ValueError: If the expression holds the text of a special token: the model reads the sentence feature at
                the first [EOS], and would not see what follows.
        """
        token_ids = self._tokenizer(expression)[0]  # (N,)
        ends = torch.nonzero(token_ids == self._tokenizer.eot_token_id)
        starts = torch.nonzero(token_ids == self._tokenizer.sot_token_id)
        if len(ends) != 1 or len(starts) != 1:
            raise ValueError(
                f"The expression {expression!r} holds '<start_of_text>' or '<end_of_text>', which CLIP keeps for the "
                'ends of a text. Take it out.'
            )
        # Not by the ids: padding has the id 0, and so has the token '!'.
        token_mask = torch.arange(self.max_tokens) <= ends[0]
        return ReferringText(token_ids=token_ids, token_mask=token_mask, raw=expression)
