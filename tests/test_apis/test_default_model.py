# Copyright (c) mmrrsis contributors.
"""What the package answers without any option: the small model of photographs, on the photographs of the demo."""

from pathlib import Path

import numpy as np
import pytest

from mmrrsis.apis import ReferringInferencer, UnknownObjectError, inference
from mmrrsis.package_files import DEFAULT_WEIGHTS, find_weights

DEMO = Path(__file__).parents[2] / 'demo'


@pytest.fixture(scope='module')
def inferencer():
    return ReferringInferencer(device='cpu', show_progress=False)


def center(mask):
    """Return the mean column and row of a mask, as shares of the picture."""
    rows, columns = np.nonzero(mask)
    return columns.mean() / mask.shape[1], rows.mean() / mask.shape[0]


def test_the_file_is_small():
    assert find_weights(DEFAULT_WEIGHTS).stat().st_size < 30e6


@pytest.mark.parametrize(
    ('picture', 'expression', 'place'),
    [
        ('airplanes.jpg', 'the airplane on the left', (0.24, 0.62)),
        ('airplanes.jpg', 'the airplane at the bottom right', (0.77, 0.76)),
        ('tennis_courts.jpg', 'the tennis court on the left', (0.35, 0.51)),
        ('tennis_courts.jpg', 'the rightmost tennis court', (0.72, 0.54)),
        ('storage_tank.jpg', 'the storage tank', (0.51, 0.51)),
        ('baseball_field.jpg', 'the baseball field', (0.35, 0.61)),
    ],
)
def test_it_finds_what_is_meant_on_photographs_of_the_demo(inferencer, picture, expression, place):
    ((prediction,),) = inferencer(DEMO / picture, expression)['predictions']
    assert 0.01 < prediction.mask.mean() < 0.3
    np.testing.assert_allclose(center(prediction.mask), place, atol=0.06)


def test_it_knows_its_ten_categories_and_refuses_others(inferencer):
    assert len(inferencer.model.known_words.categories) == 10
    for expression in ('the tree', 'the zzz', 'the windmill on the left'):
        with pytest.raises(UnknownObjectError, match='It knows airplane, .*, vehicle'):
            inferencer(DEMO / 'airplanes.jpg', expression)


def test_its_terms_are_said_when_it_is_loaded(monkeypatch):
    said = []
    monkeypatch.setattr(inference, 'print_log', lambda message, **_: said.append(message))
    model = ReferringInferencer(device='cpu', show_progress=False).model
    assert said == [f'{find_weights(DEFAULT_WEIGHTS).name}: {model.terms}']
    assert 'research purposes only' in model.terms
