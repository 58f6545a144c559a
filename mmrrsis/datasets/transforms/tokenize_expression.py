# Copyright (c) mmrrsis contributors.
"""Turning the expression into tokens."""

from collections.abc import Callable

from mmcv.transforms import BaseTransform

from mmrrsis.registry import TOKENIZERS, TRANSFORMS
from mmrrsis.structures import ReferringText


@TRANSFORMS.register_module()
class TokenizeExpression(BaseTransform):
    """Tokenize the expression.

    Required keys: ``expression``; ``masked_spans`` where :class:`MaskKeyPhrase` stands before. Added keys: ``text``
    (:class:`~mmrrsis.structures.ReferringText`).

    Args:
        tokenizer: Config of a tokenizer, or one.

    Raises:
        ValueError: If the expression is empty or nothing of it is left after cleaning, or if there are
            ``masked_spans`` and the tokenizer cannot mask.
    """

    def __init__(self, tokenizer: dict | Callable[[str], ReferringText]) -> None:
        self.tokenizer = TOKENIZERS.build(tokenizer) if isinstance(tokenizer, dict) else tokenizer

    def transform(self, results: dict) -> dict:
        """Add ``text`` to the results."""
        expression = results['expression']
        masking = {}
        if 'masked_spans' in results:
            if not getattr(self.tokenizer, 'masks_spans', False):
                raise ValueError(
                    f'{type(self.tokenizer).__name__} cannot mask the key phrase. Use BERTTokenizer, or take '
                    'MaskKeyPhrase out of the pipeline.'
                )
            masking['masked_spans'] = results['masked_spans']
        text = self.tokenizer(expression, **masking) if expression.strip() else None
        # Two tokens are the start and the end: a model would be asked for nothing.
        if text is None or int(text.token_mask.sum()) <= 2:
            raise ValueError(f'The expression {expression!r} has no word. Say in words what to segment.')
        results['text'] = text
        return results
