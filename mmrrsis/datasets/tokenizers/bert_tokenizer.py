# Copyright (c) mmrrsis contributors.
"""BERT's WordPiece encoding."""

from collections.abc import Sequence

import torch
from transformers import BertTokenizerFast  # type: ignore[attr-defined]  # transformers 5 adds the name at run time

from mmrrsis.downloads import hub_access
from mmrrsis.package_files import PREFIX, resolve_package_file
from mmrrsis.registry import TOKENIZERS
from mmrrsis.structures import ReferringText


@TOKENIZERS.register_module()
class BERTTokenizer:
    """BERT's tokenizer, from transformers.

    A longer expression is cut; [CLS] and [SEP] stay.

    Args:
        name_or_path: A folder with ``vocab.txt`` or ``tokenizer.json``, a ``vocab.txt``, the name of a model on the
            Hugging Face hub, or ``package:wordpiece_small.txt`` for the vocabulary that ships with mmrrsis, which
            needs no download and fits no published weights.
        max_tokens: Tokens ``N`` of every text, [CLS] and [SEP] included. LAVT, RMSIN and BTDNet cut at 20.

    Attributes:
        vocab_size: Number of tokens that a model must know.

    Raises:
        ValueError: If ``max_tokens`` leaves no room for a word.
        FileNotFoundError: If a folder holds no vocabulary, or the package has no such file.
        OSError: If ``name_or_path`` is neither on this machine nor to be had from the hub.
    """

    #: Tells TokenizeExpression that calls take ``masked_spans``.
    masks_spans = True

    def __init__(self, name_or_path: str = 'bert-base-uncased', max_tokens: int = 20) -> None:
        if max_tokens < 3:
            raise ValueError(
                f'BERTTokenizer needs `max_tokens` of 3 or more, for [CLS], a word and [SEP], but got {max_tokens}.'
            )
        self.max_tokens = max_tokens
        self._tokenizer = self._load(name_or_path)
        self.vocab_size = len(self._tokenizer)

    @staticmethod
    def _load(name_or_path: str) -> BertTokenizerFast:
        path = resolve_package_file(name_or_path)
        if path.is_file():
            return BertTokenizerFast(vocab=str(path))
        if name_or_path.startswith(PREFIX):
            shipped = ', '.join(sorted(f'{PREFIX}{file.name}' for file in path.parent.glob('*.txt')))
            raise FileNotFoundError(
                f'No vocabulary {name_or_path!r}, `name_or_path` of BERTTokenizer, ships with mmrrsis. There is '
                f'{shipped}.'
            )
        if path.is_dir() and not any((path / name).is_file() for name in ('vocab.txt', 'tokenizer.json')):
            # transformers would go on with an empty vocabulary and make every word unknown.
            raise FileNotFoundError(
                f"The folder '{name_or_path}', `name_or_path` of BERTTokenizer, holds neither 'vocab.txt' nor "
                "'tokenizer.json'. Copy one of the model's files there."
            )
        try:
            if path.is_dir():
                return BertTokenizerFast.from_pretrained(str(path))
            with hub_access():
                tokenizer = BertTokenizerFast.from_pretrained(name_or_path)
            if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
                # What transformers makes of a model whose vocabulary it does not find while it is offline.
                raise OSError('The vocabulary is not in the cache of the hub.')
            return tokenizer
        except OSError as error:
            raise OSError(
                f"BERTTokenizer found no vocabulary for '{name_or_path}': it is no folder or file here, and the "
                "Hugging Face hub did not deliver it. Check the name, or download 'vocab.txt' of the model elsewhere "
                'and give its path or folder as `name_or_path`, the key `tokenizer.name_or_path` of '
                'TokenizeExpression in the pipelines.'
            ) from error

    def count_tokens(self, expression: str) -> int:
        """Return the tokens that an expression would have if none were cut, [CLS] and [SEP] included."""
        return len(self._tokenizer.tokenize(expression)) + 2

    def __call__(self, expression: str, masked_spans: Sequence[tuple[int, int]] | None = None) -> ReferringText:
        """Tokenize one expression.

        Args:
            expression: The expression.
            masked_spans: Parts of the expression to mask as well: positions of the first character and of the one
                behind the last. A word piece is masked if it has a character in common with a span, so that of a
                compound that a span cuts through ('gray' in 'gray-roofed') only the pieces inside are masked.

        Returns:
            ``token_ids`` and ``token_mask`` are ``(N,)``; True up to and with [SEP]. With ``masked_spans`` (an empty
            list too) there are ``masked_token_ids``, [PAD] at the masked pieces, and ``masked_token_mask``, False
            there; everything keeps its place, and [CLS] and [SEP] are never masked.
        """
        encoded = self._tokenizer(
            expression,
            truncation=True,
            max_length=self.max_tokens,
            padding='max_length',
            return_tensors='pt',
            return_offsets_mapping=True,
        )
        text = ReferringText(
            token_ids=encoded['input_ids'][0], token_mask=encoded['attention_mask'][0].bool(), raw=expression
        )
        if masked_spans is not None:
            # Special tokens and padding stand at (0, 0): they have no characters, and no span meets them.
            start, end = encoded['offset_mapping'][0].unbind(-1)  # (N,) each
            masked = torch.zeros_like(text.token_mask)
            for first, behind in masked_spans:
                masked |= (start < behind) & (end > first)
            text.masked_token_ids = text.token_ids.masked_fill(masked, self._tokenizer.pad_token_id)
            text.masked_token_mask = text.token_mask & ~masked
        return text
