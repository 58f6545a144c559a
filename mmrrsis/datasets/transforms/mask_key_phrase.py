# Copyright (c) mmrrsis contributors.
"""Marking the words that name the object, to be masked."""

import logging

from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from mmrrsis.datasets.key_phrase import KeyPhraseFinder
from mmrrsis.registry import TRANSFORMS


@TRANSFORMS.register_module()
class MaskKeyPhrase(BaseTransform):
    """Have the tokenizer mask the key phrase, as BTDNet needs it (section III-C).

    Stands between :class:`ChooseExpression` and :class:`TokenizeExpression`, whose text then carries
    ``masked_token_ids`` and ``masked_token_mask``. Where an expression has no key phrase they are equal to
    ``token_ids`` and ``token_mask``; the first such expression is logged.

    Required keys: ``expression``. Added keys: ``masked_spans``, a list of at most one pair of character positions
    (first character of the phrase, and the one behind its last).

    Args:
        tagger: ``'mmrrsis'``, which ships with the package, or ``'nltk'``; see
            :func:`~mmrrsis.datasets.key_phrase.load_tagger`.

    Attributes:
        missing: How many expressions had no key phrase so far. Every worker process of a loader has a transform of
            its own, and so a count of its own: with workers, the one in the main process stays at zero.
    """

    def __init__(self, tagger: str = 'mmrrsis') -> None:
        self.missing = 0
        self._find = KeyPhraseFinder(tagger)

    def transform(self, results: dict) -> dict:
        """Add ``masked_spans`` to the results."""
        expression = results['expression']
        span = self._find(expression)
        if span is None:
            if not self.missing:
                print_log(
                    f'MaskKeyPhrase found no key phrase in {expression!r} (sample {results.get("sample_id")!r}) and '
                    'masks nothing of it. Further ones are only counted.',
                    'current',
                    logging.WARNING,
                )
            self.missing += 1
        results['masked_spans'] = [] if span is None else [span]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(tagger={self._find.tagger!r})'
