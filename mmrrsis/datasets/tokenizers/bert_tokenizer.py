# Copyright (c) mmrrsis contributors.
"""BERT's WordPiece encoding."""

from pathlib import Path

from transformers import BertTokenizerFast

from mmrrsis.registry import TOKENIZERS
from mmrrsis.structures import ReferringText


@TOKENIZERS.register_module()
class BERTTokenizer:
    """BERT's tokenizer, from transformers.

    A longer expression is cut; [CLS] and [SEP] stay.

    Args:
        name_or_path: A folder with ``vocab.txt`` or ``tokenizer.json``, a ``vocab.txt``, or the name of a model on
            the Hugging Face hub.
        max_tokens: Tokens ``N`` of every text, [CLS] and [SEP] included. LAVT, RMSIN and BTDNet cut at 20.

    Raises:
        ValueError: If ``max_tokens`` leaves no room for a word.
        FileNotFoundError: If a folder holds no vocabulary.
        OSError: If ``name_or_path`` is neither on this machine nor to be had from the hub.
    """

    def __init__(self, name_or_path: str = 'bert-base-uncased', max_tokens: int = 20) -> None:
        if max_tokens < 3:
            raise ValueError(
                f'BERTTokenizer needs `max_tokens` of 3 or more, for [CLS], a word and [SEP], but got {max_tokens}.'
            )
        self.max_tokens = max_tokens
        self._tokenizer = self._load(name_or_path)

    @staticmethod
    def _load(name_or_path: str) -> BertTokenizerFast:
        path = Path(name_or_path)
        if path.is_file():
            return BertTokenizerFast(vocab=str(path))
        if path.is_dir() and not any((path / name).is_file() for name in ('vocab.txt', 'tokenizer.json')):
            # transformers would go on with an empty vocabulary and make every word unknown.
            raise FileNotFoundError(
                f"The folder '{name_or_path}', `name_or_path` of BERTTokenizer, holds neither 'vocab.txt' nor "
                "'tokenizer.json'. Copy one of the model's files there."
            )
        try:
            return BertTokenizerFast.from_pretrained(name_or_path)
        except OSError as error:
            raise OSError(
                f"BERTTokenizer found no vocabulary for '{name_or_path}': it is no folder or file here, and the "
                "Hugging Face hub did not deliver it. Check the name, or download 'vocab.txt' of the model elsewhere "
                'and give its path or folder as `name_or_path`.'
            ) from error

    def __call__(self, expression: str) -> ReferringText:
        """Tokenize one expression.

        Args:
            expression: The expression.

        Returns:
            ``token_ids`` and ``token_mask`` are ``(N,)``; True up to and with [SEP].
        """
        encoded = self._tokenizer(
            expression, truncation=True, max_length=self.max_tokens, padding='max_length', return_tensors='pt'
        )
        return ReferringText(
            token_ids=encoded['input_ids'][0], token_mask=encoded['attention_mask'][0].bool(), raw=expression
        )
