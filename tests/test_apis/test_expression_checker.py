# Copyright (c) mmrrsis contributors.
import re

import pytest

from mmrrsis.apis import ExpressionChecker, KnownWords, UnknownObjectError
from mmrrsis.datasets.tokenizers import BERTTokenizer, CLIPTokenizer

KNOWN = KnownWords.from_expressions(['the red ship on the left'], ['ship', 'storage tank'])


def test_an_unknown_object_is_refused_with_what_is_known_unless_forced():
    check = ExpressionChecker(KNOWN, None)
    message = (
        '"the red tree": the model was not trained on "tree", so that a mask of it would mean nothing. It knows ship, '
        'storage tank. Ask for one of these, or force an answer (force=True, --force on the command line).'
    )
    with pytest.raises(UnknownObjectError, match=f'^{re.escape(message)}$'):
        check(['the ship', 'the red tree'])
    ship, tree = check(['the ship', 'the red tree'], force=True)
    assert ship.unknown_words == () and ship.messages == []
    assert tree.unknown_words == ('tree',)
    without_categories = ExpressionChecker(KnownWords(KNOWN.words), None)
    with pytest.raises(UnknownObjectError, match='mean nothing. Ask for something that it knows, or force'):
        without_categories(['the tree'])


def test_other_unknown_words_are_named():
    (checked,) = ExpressionChecker(KNOWN, None)(['the huge ship near the pier'])
    assert checked.unknown_words == ('huge', 'near', 'pier')
    assert checked.messages == [
        '"the huge ship near the pier": the model was not trained on "huge", "near", "pier"; its mask may not heed '
        'what that means.'
    ]


def test_without_words_nothing_is_unknown():
    (checked,) = ExpressionChecker(None, CLIPTokenizer())(['the zzz'])
    assert checked.unknown_words == () and checked.messages == []


@pytest.mark.parametrize(
    ('tokenizer', 'expression', 'cut'),
    [
        (CLIPTokenizer(max_tokens=7), 'the red ship on left', ()),  # five words and two ends just fit
        (CLIPTokenizer(max_tokens=6), 'the red ship on left', ('left',)),
        (CLIPTokenizer(max_tokens=5), 'the red ship on the left side', ('on', 'the', 'left', 'side')),
        (BERTTokenizer('package:wordpiece_small.txt', 7), 'the red ship on left', ()),
        (BERTTokenizer('package:wordpiece_small.txt', 6), 'the red ship on left', ('left',)),
        # of 'zqzq' some pieces are seen, the last one is not
        (BERTTokenizer('package:wordpiece_small.txt', 5), 'the zqzq ship', ('zqzq', 'ship')),
    ],
)
def test_words_behind_the_last_token_are_cut(tokenizer, expression, cut):
    (checked,) = ExpressionChecker(None, tokenizer)([expression])
    assert checked.cut_words == cut
    if cut:
        assert checked.messages == [
            f'"{expression}" is too long for the model: it does not see the end, from "{cut[0]}" on ({" ".join(cut)}).'
        ]
    # What is left gives the model the same tokens as the whole.
    kept = expression[: expression.index(cut[0])] if cut else expression
    same = tokenizer(kept).token_ids.tolist() == tokenizer(expression).token_ids.tolist()
    assert same or 'zqzq' in cut
