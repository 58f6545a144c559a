# Copyright (c) mmrrsis contributors.
import json

import pytest

from mmrrsis.analysis import draw_size_bars, read_size_scores
from mmrrsis.evaluation import ReferringIoU

FULL = {
    'oIoU': {'small': 49.52, 'medium': 73.56, 'large': 83.8},
    'mIoU': {'small': 37.11, 'medium': 61.94, 'large': 70.62},
}


def write(path, **metrics):
    path.write_text(json.dumps(metrics))
    return path


def test_scores_are_those_that_the_metric_reports(tmp_path):
    metric = ReferringIoU()
    counted = [(1, 2, 0.2), (3, 3, 0.1), (1, 4, 0.9)]  # intersection, union, coverage: two small, one large
    results = [dict(intersection=i, union=u, coverage=c, category=None, subset=None) for i, u, c in counted]
    scores = read_size_scores(write(tmp_path / 'metrics.json', **metric.compute_metrics(results)))
    assert scores == {
        'oIoU': {'small': pytest.approx(100 * 4 / 5), 'large': 25.0},
        'mIoU': {'small': pytest.approx(100 * (1 / 2 + 1) / 2), 'large': 25.0},
    }


def test_bars_carry_the_scores():
    half = {score: {size: value / 2 for size, value in sizes.items()} for score, sizes in FULL.items()}
    figure = draw_size_bars({'one': FULL, 'a_$half': half}, 'title')
    assert len(figure.axes) == 2
    for axis, score in zip(figure.axes, ('oIoU', 'mIoU'), strict=True):
        assert axis.get_ylabel() == f'{score} (%)'
        first, second = axis.containers
        assert [bar.get_height() for bar in first] == list(FULL[score].values())
        assert [bar.get_height() for bar in second] == list(half[score].values())
        assert {text.get_text() for text in axis.texts} >= {f'{value:.1f}' for value in FULL[score].values()}
        # Bars of one size stand side by side around its tick, without overlap.
        for tick, (left, right) in enumerate(zip(first, second, strict=True)):
            assert left.get_x() < tick and left.get_x() + left.get_width() <= right.get_x() + 1e-9
            assert left.get_x() + left.get_width() / 2 - tick == pytest.approx(
                tick - right.get_x() - right.get_width() / 2
            )
        assert axis.get_ylim()[0] == 0 and axis.get_ylim()[1] > 83.8
    ticks = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert ticks == ['small\n(up to 20%)', 'medium\n(20% to 60%)', 'large\n(above 60%)']
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['one', 'a_$half']
    colors = [axis.containers[1][0].get_facecolor() for axis in figure.axes]
    assert colors[0] == colors[1] != figure.axes[0].containers[0][0].get_facecolor()


def test_empty_bins_are_written_not_drawn_as_zero():
    small = {score: {'small': 10.0} for score in FULL}
    (axis, _) = draw_size_bars({'one': small}, 'title').axes
    assert [text.get_text() for text in axis.texts if text.get_text()] == ['10.0', 'no samples', 'no samples']
    assert not draw_size_bars({'one': small}, 'title').legends, 'one model needs no legend'
    (axis, _) = draw_size_bars({'one': small, 'two': FULL}, 'title').axes
    notes = [text for text in axis.texts if text.get_text() == 'no samples']
    places = [bar.get_x() + bar.get_width() / 2 for bar in axis.containers[0]]
    assert [note.get_position()[0] for note in notes] == pytest.approx(places[1:]), 'in the place of the bar'


def test_scores_of_zero_can_be_drawn():
    zero = {score: dict.fromkeys(FULL[score], 0.0) for score in FULL}
    (axis, _) = draw_size_bars({'one': zero}, 'title').axes
    assert axis.get_ylim()[1] > 0
    assert [text.get_text() for text in axis.texts] == ['0.0'] * 3


def test_wrong_files_are_named_with_their_key(tmp_path):
    path = tmp_path / 'metrics.json'
    with pytest.raises(FileNotFoundError, match=r'There is no file .*metrics.json. Give the metrics that'):
        read_size_scores(path)
    path.write_text('{"mIoU": 1,')
    with pytest.raises(ValueError, match=r'metrics.json is no JSON: .*line 1 column 12'):
        read_size_scores(path)
    for content in ({'mIoU': 1.0}, [1]):
        path.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=r'metrics.json has none of the keys oIoU_small, mIoU_small, oIoU_medium'):
            read_size_scores(path)
    with pytest.raises(ValueError, match=r'metrics.json: the key `oIoU_large` is missing; expected a score in perc'):
        read_size_scores(write(path, mIoU_large=1.0))
    for wrong in ('12', True, float('nan'), 100.5):
        with pytest.raises(ValueError, match=r'metrics.json: the key `mIoU_small` is .*from 0 to 100'):
            read_size_scores(write(path, oIoU_small=1.0, mIoU_small=wrong))


def test_number_of_models_has_a_limit():
    for number in (0, 8):
        with pytest.raises(ValueError, match=rf'{number} models cannot be told apart in one chart. Give 1 to 7'):
            draw_size_bars({str(index): FULL for index in range(number)}, 'title')
    assert len(draw_size_bars({str(index): FULL for index in range(7)}, 'title').axes[0].containers) == 7
