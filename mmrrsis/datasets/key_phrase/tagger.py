# Copyright (c) mmrrsis contributors.
"""Parts of speech of the words of referring expressions, with NLTK's averaged perceptron."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from nltk.tag.api import TaggerI
from nltk.tag.perceptron import PerceptronTagger

#: The hand-tagged expressions, further words, and what training on them gives.
CORPUS_FILE = Path(__file__).with_name('corpus.txt')
LEXICON_FILE = Path(__file__).with_name('lexicon.txt')
TAGGER_FILE = Path(__file__).with_name('tagger.json')

#: Where taggers come from: ``'mmrrsis'`` ships with the package, ``'nltk'`` is what NLTK's downloader fetched.
TAGGERS = ('mmrrsis', 'nltk')

_EPOCHS = 8
# Endings that tell what an unknown word is, each with a word of that kind that the tagger knows.
_ENDINGS = {'ed': 'parked', 'ing': 'driving', 'ly': 'slightly'}
_NOUN = 'object'
_SURE_COUNT = 3  # a word met so often with one tag only always gets it


def read_corpus(path: str | Path = CORPUS_FILE) -> list[list[tuple[str, str]]]:
    """Read tagged expressions.

    Args:
        path: A text file with one expression per line, ``word/TAG`` separated by spaces, tags of the Penn Treebank.
            Lines that begin with ``#`` and empty lines do not count.

    Returns:
        One list of ``(word, tag)`` per expression.

    Raises:
        ValueError: If a word has no tag, naming file and line.
    """
    sentences = []
    for number, line in enumerate(Path(path).read_text(encoding='utf-8').splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        sentence = []
        for item in line.split():
            word, _, tag = item.rpartition('/')
            if not word or not tag:
                raise ValueError(f"{path}, line {number}: {item!r} is not 'word/TAG'. Write a tag behind every word.")
            sentence.append((word, tag))
        sentences.append(sentence)
    return sentences


def read_lexicon(path: str | Path = LEXICON_FILE) -> dict[str, str]:
    """Read words that have one tag only.

    Args:
        path: A text file with a tag and its words per line, separated by spaces. Lines that begin with ``#``
            do not count.

    Returns:
        The tag of every word.

    Raises:
        ValueError: If a word has two tags, naming file and line.
    """
    lexicon: dict[str, str] = {}
    for number, line in enumerate(Path(path).read_text(encoding='utf-8').splitlines(), 1):
        if line.startswith('#'):
            continue
        tag, *words = line.split()
        for word in words:
            if lexicon.setdefault(word, tag) != tag:
                raise ValueError(
                    f'{path}, line {number}: {word!r} is {tag} here and {lexicon[word]} above. A word with two tags '
                    'belongs into the corpus, in expressions.'
                )
    return lexicon


class ExpressionTagger(TaggerI):
    """NLTK's averaged perceptron with rules for words that it has never met.

    Its features are words and endings in context; from a small corpus it cannot learn what an unknown word may be.
    Such a word is tagged as a known one in its place: a compound as its last part ('large-vehicle'), one with the
    ending of a participle or an adverb as such, and whatever would be a verb or a function word otherwise as a noun.
    Punctuation marks other than commas have the tag '.'.

    Args:
        perceptron: The trained perceptron; it expects words in lower case.
        seen: The words of its corpus.
    """

    def __init__(self, perceptron: PerceptronTagger, seen: Iterable[str]) -> None:
        self.perceptron = perceptron
        self.seen = frozenset(seen)

    def tag(self, tokens: list[str]) -> list[tuple[str, str]]:
        """Tag words.

        Args:
            tokens: Words of one expression, in any case.

        Returns:
            A pair of word and tag for each.
        """
        words = [token.lower() for token in tokens]
        unknown = [not self._is_known(word) for word in words]
        words = [self._stand_in(word) if new else word for word, new in zip(words, unknown, strict=True)]
        tags = self._predict(words)
        wrong = [
            new and not self._is_known(word) and not _may_be(word, tag)
            for word, tag, new in zip(words, tags, unknown, strict=True)
        ]
        if any(wrong):  # once more, for the tags behind depend on those before
            tags = self._predict([_NOUN if bad else word for word, bad in zip(words, wrong, strict=True)])
        return [
            (token, '.' if _is_punctuation(token) and token != ',' else tag)
            for token, tag in zip(tokens, tags, strict=True)
        ]

    def _predict(self, words: list[str]) -> list[str]:
        return [tag for _, tag in self.perceptron.tag(words)]

    def _is_known(self, word: str) -> bool:
        # A seen compound counts only if it is sure: to NLTK's perceptron all words with a hyphen are one.
        return word in self.perceptron.tagdict or (word in self.seen and '-' not in word)

    def _stand_in(self, word: str) -> str:
        """Return a known word that stands where an unknown one would, or the word itself."""
        if _is_punctuation(word):
            return ','
        last = word.rpartition('-')[2]
        if last != word and self.perceptron.tagdict.get(last, '').startswith('NN'):
            return last
        for ending, known in _ENDINGS.items():
            if word.endswith(ending) and len(word) > len(ending) + 2:
                return known
        return word


def _is_punctuation(word: str) -> bool:
    """Tell a punctuation mark from a word; a possessive ending is a word."""
    return len(word) == 1 and not word.isalnum()


def _may_be(word: str, tag: str) -> bool:
    """Tell whether an unknown word without a telling ending may have a tag."""
    # Numerals and punctuation are of no concern: the perceptron knows their form.
    return tag.startswith(('NN', 'JJ', 'CD')) or not word[0].isalpha() or (tag == 'VBZ' and word.endswith('s'))


def train_tagger(sentences: list[list[tuple[str, str]]], lexicon: dict[str, str]) -> ExpressionTagger:
    """Train a tagger; the same arguments give the same tagger.

    Args:
        sentences: Lists of ``(word, tag)``. Words are taken in lower case.
        lexicon: Tags of further words. It does not count for a word that has another tag in ``sentences``.

    Returns:
        The tagger.
    """
    sentences = [[(word.lower(), tag) for word, tag in sentence] for sentence in sentences]
    tagger = PerceptronTagger(load=False)
    # NLTK shuffles with Python's global generator, which belongs to the caller.
    state = random.getstate()
    random.seed(0)
    try:
        tagger.train([list(sentence) for sentence in sentences], nr_iter=_EPOCHS)
    finally:
        random.setstate(state)
    counts = Counter(item for sentence in sentences for item in sentence)
    tags = defaultdict(set)
    for word, tag in counts:
        tags[word].add(tag)
    # NLTK's own list of sure words starts at 20 occurrences, too many for a corpus of this size.
    tagger.tagdict |= {word: tag for word, tag in lexicon.items() if tags.get(word, {tag}) == {tag}}
    tagger.tagdict |= {
        word: tag for (word, tag), count in counts.items() if count >= _SURE_COUNT and len(tags[word]) == 1
    }
    return ExpressionTagger(tagger, tags)


def save_tagger(tagger: ExpressionTagger, path: str | Path = TAGGER_FILE) -> None:
    """Write a tagger as JSON, sorted, so that equal taggers give equal files."""
    perceptron = tagger.perceptron
    content = dict(
        classes=sorted(perceptron.classes),
        seen=sorted(tagger.seen),
        tagdict=perceptron.tagdict,
        weights={feature: weights for feature, weights in perceptron.model.weights.items() if weights},
    )
    text = json.dumps(content, sort_keys=True, separators=(',', ':'), indent=0)
    Path(path).write_text(text + '\n', encoding='utf-8')


def _read_tagger(path: Path) -> ExpressionTagger:
    content = json.loads(path.read_text(encoding='utf-8'))
    perceptron = PerceptronTagger(load=False)
    perceptron.model.weights = content['weights']
    perceptron.tagdict = content['tagdict']
    perceptron.classes = perceptron.model.classes = set(content['classes'])
    return ExpressionTagger(perceptron, content['seen'])


@cache
def load_tagger(name: str) -> TaggerI:
    """Load a tagger, once per process.

    Args:
        name: ``'mmrrsis'`` for the one that ships with the package and was trained on referring expressions;
            ``'nltk'`` for NLTK's English tagger, trained on newspaper text.

    Returns:
        The tagger.

    Raises:
        ValueError: If there is no tagger of this name.
        FileNotFoundError: If NLTK's data was not downloaded.
    """
    if name not in TAGGERS:
        raise ValueError(f'There is no tagger {name!r}. Choose one of {", ".join(map(repr, TAGGERS))}.')
    if name == 'mmrrsis':
        return _read_tagger(TAGGER_FILE)
    try:
        return PerceptronTagger()
    except LookupError as error:
        raise FileNotFoundError(
            "tagger='nltk' needs NLTK's English tagger, which is not on this machine. Run `python -m nltk.downloader "
            'averaged_perceptron_tagger_eng`, set NLTK_DATA to the folder that holds it, or use '
            "tagger='mmrrsis', which needs no download."
        ) from error
