# Copyright (c) mmrrsis contributors.
"""Build the small WordPiece vocabulary that ships with the package, for models that do not start from BERT.

Its words are those of SynthRS (expressions and captions of all levels), of the tagged expressions and of the lexicon
of the key phrase finder. All ASCII letters, digits and punctuation marks are pieces too, and frequent beginnings and
endings of words, so that only exotic characters become [UNK]. The same sources give the same file.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from mmrrsis.datasets.key_phrase import read_corpus, read_lexicon
from mmrrsis.datasets.synthesis.caption_writer import write_caption
from mmrrsis.datasets.synthesis.scene_generator import LEVELS, SceneGenerator
from mmrrsis.package_files import resolve_package_file

SPECIAL_TOKENS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]')  # [PAD] is 0, as in BERT
PIECE_LENGTHS = range(2, 6)
# Printable ASCII without the space and the capitals, which the normaliser turns into lower case.
CHARACTERS = [chr(code) for code in range(33, 127) if not chr(code).isupper()]


def build_vocabulary(texts: Iterable[str], pieces: int = 300) -> list[str]:
    """Build a WordPiece vocabulary: special tokens, characters, all words, frequent beginnings and endings of words.

    The trainer of the tokenizers library is not used: it gives another vocabulary at each run.

    Args:
        texts: Texts; they are split as BERT's uncased tokenizer splits them. How often a word occurs is of no account.
        pieces: Most beginnings and most endings of words.

    Returns:
        The tokens in the order of their ids.
    """
    normalizer, splitter = BertNormalizer(lowercase=True), BertPreTokenizer()
    found = {word for text in texts for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))}
    words = sorted(word for word in found if word.isascii() and word.isalpha())
    beginnings = Counter(word[:n] for word in words for n in PIECE_LENGTHS if n < len(word))
    endings = Counter(word[-n:] for word in words for n in PIECE_LENGTHS if n < len(word))
    inner = [f'##{character}' for character in CHARACTERS if character.isalnum()]
    tokens = [
        *SPECIAL_TOKENS, *CHARACTERS, *inner, *words, *_most_frequent(beginnings, pieces),
        *(f'##{ending}' for ending in _most_frequent(endings, pieces)),
    ]  # fmt: skip
    return list(dict.fromkeys(tokens))


def _most_frequent(counts: Counter[str], limit: int) -> list[str]:
    """Return the items with the largest counts, of equal ones the first of the alphabet, in alphabetical order."""
    return sorted(sorted(counts, key=lambda item: (-counts[item], item))[:limit])


def read_texts(scenes: int, seed: int) -> Iterator[str]:
    """Yield the texts of the sources.

    Args:
        scenes: Scenes of SynthRS per level.
        seed: Their seed.
    """
    for level in LEVELS:
        generator = SceneGenerator(level=level, image_size=128, seed=seed)
        for index in range(scenes):
            scene = generator.generate(index)
            yield write_caption(scene.objects, scene.image.shape[:2], np.random.default_rng((seed, index)))
            for referral in scene.referrals:
                yield from referral.expressions
    for sentence in read_corpus():
        yield ' '.join(word for word, _ in sentence)
    yield from read_lexicon()


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--out', default=str(resolve_package_file('package:wordpiece_small.txt')), help='file to write'
    )
    parser.add_argument('--scenes', type=int, default=100, help='scenes of SynthRS per level (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the scenes (default: %(default)s)')
    return parser.parse_args()


def main() -> None:
    """Build and write."""
    args = parse_args()
    tokens = build_vocabulary(read_texts(args.scenes, args.seed))
    Path(args.out).write_text('\n'.join(tokens) + '\n', encoding='utf-8')
    print(f'Wrote {len(tokens)} tokens to {args.out}.')


if __name__ == '__main__':
    main()
