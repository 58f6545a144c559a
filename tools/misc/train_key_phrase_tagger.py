# Copyright (c) mmrrsis contributors.
"""Train the tagger that finds key phrases on the hand-tagged expressions, and write it as JSON."""

import argparse

from mmrrsis.datasets.key_phrase import read_corpus, read_lexicon, save_tagger, train_tagger
from mmrrsis.datasets.key_phrase.tagger import CORPUS_FILE, LEXICON_FILE, TAGGER_FILE


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--corpus', default=str(CORPUS_FILE), help='tagged expressions (default: %(default)s)')
    parser.add_argument('--lexicon', default=str(LEXICON_FILE), help='words with one tag (default: %(default)s)')
    parser.add_argument('--out', default=str(TAGGER_FILE), help='file to write (default: %(default)s)')
    return parser.parse_args()


def main() -> None:
    """Train and write."""
    args = parse_args()
    sentences = read_corpus(args.corpus)
    tagger = train_tagger(sentences, read_lexicon(args.lexicon))
    save_tagger(tagger, args.out)
    print(f'{tagger.accuracy(sentences):.2%} of the words of {len(sentences)} expressions are tagged as given.')
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    main()
