# Copyright (c) mmrrsis contributors.
"""Exchanging the expressions of a test set, to see whether a model reads them."""

from collections import defaultdict
from collections.abc import Iterable

from .errors import ReferringDataError


def _text(sample: dict) -> str:
    """Return the expression of a test sample in lower case and without surrounding spaces, for comparison."""
    return sample['expressions'][0].strip().lower()


def shuffle_expressions(samples: list[dict]) -> list[dict]:
    """Give every sample the expression of another target.

    The expression comes from the next sample (in the order of the split, starting again at its end) of another
    target in the same image. Where there is none, it comes from the first fitting sample half the split away:
    neighbours often have the same category, and would make the exchange too easy. An expression that is also one
    of the sample's own target, word for word, is never taken. Where a layout stores an image once for every line, as
    RefSegRS and RISBench do, each of these files counts as an image, and each mask file as a target.

    Args:
        samples: Samples of test mode, one expression each.

    Returns:
        Copies of the samples with exchanged ``expressions``.

    Raises:
        ReferringDataError: If no other expression can be found for a sample.
    """
    own_texts: dict[str, set[str]] = defaultdict(set)
    of_image: dict[str, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        own_texts[sample['target_id']].add(_text(sample))
        of_image[sample['img_path']].append(index)

    total = len(samples)
    place_in_image = {index: place for places in of_image.values() for place, index in enumerate(places)}

    def first_fitting(sample: dict, candidates: Iterable[int]) -> int | None:
        own = own_texts[sample['target_id']]
        for index in candidates:
            if samples[index]['target_id'] != sample['target_id'] and _text(samples[index]) not in own:
                return index
        return None

    shuffled = []
    for index, sample in enumerate(samples):
        places = of_image[sample['img_path']]
        start = place_in_image[index] + 1
        donor = first_fitting(sample, places[start:] + places[: start - 1])
        if donor is None:
            donor = first_fitting(sample, ((index + total // 2 + step) % total for step in range(total)))
        if donor is None:
            raise ReferringDataError(
                f"Expressions cannot be shuffled: sample '{sample['sample_id']}' ({sample['source']}) finds no other "
                'target with an expression of its own. Take more samples, or leave `shuffle_expressions` out.',
                'nothing to shuffle',
            )
        shuffled.append({**sample, 'expressions': list(samples[donor]['expressions'])})
    return shuffled
