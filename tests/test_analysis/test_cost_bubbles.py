# Copyright (c) mmrrsis contributors.
import itertools
import json

import numpy as np
import pytest
from matplotlib.transforms import Bbox

from mmrrsis.analysis import CostEntry, draw_cost_bubbles, read_costs

ENTRIES = [
    CostEntry('baseline', 88.54, 50.0, 71.0, 18.23),
    CostEntry('+ DFSM', 97.27, 100.0, 74.0),
    CostEntry('CD2FSAN_$', 148.2, 200.0, 78.43, 14.96),
]


def boxes(figure, entries):
    """Pixels that the labels and the bubbles (their inscribed squares) take."""
    figure.canvas.draw()
    (axis,) = figure.axes
    labels = [text.get_window_extent() for text in axis.texts]
    sizes = np.sqrt(axis.collections[0].get_sizes()) * figure.dpi / 72 / 2 / np.sqrt(2)
    centers = axis.transData.transform([(entry.gmacs, entry.score) for entry in entries])
    return axis, labels, [Bbox([center - size, center + size]) for center, size in zip(centers, sizes, strict=True)]


def test_bubbles_carry_the_values():
    figure = draw_cost_bubbles(ENTRIES, 'title', 'oIoU (%)')
    (axis,) = figure.axes
    (bubbles,) = axis.collections
    np.testing.assert_allclose(bubbles.get_offsets(), [(88.54, 71.0), (97.27, 74.0), (148.2, 78.43)])
    sizes = bubbles.get_sizes()
    np.testing.assert_allclose(sizes / sizes[0], [1, 2, 4])  # the area, not the diameter
    labels = {text.get_text() for text in axis.texts}
    assert labels == {'baseline\n18.2 FPS', '+ DFSM', 'CD2FSAN_$\n15.0 FPS'}
    assert axis.get_xlabel() == 'multiply-adds per sample (G)' and axis.get_ylabel() == 'oIoU (%)'


def test_legend_has_the_scale_of_the_bubbles():
    figure = draw_cost_bubbles(ENTRIES, 'title')
    sizes = figure.axes[0].collections[0].get_sizes()  # 50, 100 and 200 M
    (legend,) = figure.legends
    title, *texts = [text.get_text() for text in legend.get_texts()]
    assert title == 'parameters:'
    assert texts == ['50 M', '100 M', '200 M']
    diameters = [handle.get_markersize() for handle in legend.legend_handles[1:]]
    np.testing.assert_allclose(np.square(diameters), sizes)


def test_legend_of_small_models_has_round_numbers():
    (legend,) = draw_cost_bubbles([CostEntry('tiny', 1.0, 0.73, 40.0)], 'title').legends
    assert [text.get_text() for text in legend.get_texts()][1:] == ['0.1 M', '0.2 M', '0.5 M']


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_labels_neither_overlap_nor_leave_the_axes(seed):
    rng = np.random.default_rng(seed)
    values = zip(rng.uniform(80, 240, 8), rng.uniform(20, 240, 8), rng.uniform(60, 80, 8), strict=True)
    entries = [CostEntry(f'model {index}', *map(float, row), fps=12.0) for index, row in enumerate(values)]
    axis, labels, bubbles = boxes(draw_cost_bubbles(entries, 'title'), entries)
    assert len(labels) == 8
    for first, second in itertools.combinations(labels, 2):
        assert Bbox.intersection(first, second) is None
    inside = axis.get_window_extent()
    for label in labels:
        assert label.x0 >= inside.x0 and label.x1 <= inside.x1 and label.y0 >= inside.y0 and label.y1 <= inside.y1
    by_label = sum(Bbox.intersection(label, bubble) is not None for label in labels for bubble in bubbles)
    assert by_label <= 1, 'labels stand beside the bubbles'


def test_a_label_stands_beside_its_own_bubble():
    _, labels, bubbles = boxes(draw_cost_bubbles(ENTRIES, 'title'), ENTRIES)
    axis = draw_cost_bubbles(ENTRIES, 'title').axes[0]
    order = [text.get_text().split('\n')[0] for text in axis.texts]
    for name, label in zip(order, labels, strict=True):
        distances = [np.hypot(*(label.p0 + label.p1 - bubble.p0 - bubble.p1)) for bubble in bubbles]
        assert ENTRIES[int(np.argmin(distances))].name == name


def test_one_model_and_equal_models_can_be_drawn():
    for entries in (ENTRIES[:1], [ENTRIES[0]] * 3):
        (axis,) = draw_cost_bubbles(entries, 'title').axes
        assert axis.get_xlim()[0] < 88.54 < axis.get_xlim()[1]
    wide = [CostEntry('tiny', 0.5, 1.0, 40.0), CostEntry('large', 500.0, 300.0, 80.0)]
    assert min(draw_cost_bubbles(wide, 'title').axes[0].get_xticks()) == 0, 'no negative costs'
    with pytest.raises(ValueError, match=r'at least one model'):
        draw_cost_bubbles([], 'title')


def test_entries_are_read_in_order(tmp_path):
    path = tmp_path / 'costs.json'
    content = [
        dict(name='a', gmacs=1, params_m=2.5, score=-1, fps=None),
        dict(fps=3, score=4, params_m=5, gmacs=6, name='b'),
    ]
    path.write_text(json.dumps(content))
    assert read_costs(path) == [CostEntry('a', 1, 2.5, -1), CostEntry('b', 6, 5, 4, 3)]


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (dict(params_m=None), r'entry 2 \(b\): the key `params_m` is None; expected a number above 0'),
        (dict(gmacs=0), r'entry 2 \(b\): the key `gmacs` is 0; expected a number above 0'),
        (dict(gmacs='6'), r"entry 2 \(b\): the key `gmacs` is '6'"),
        (dict(fps=-1.0), r'entry 2 \(b\): the key `fps` is -1.0'),
        (dict(score=float('nan')), r'entry 2 \(b\): the key `score` is nan; expected a number\.'),
        (dict(score=True), r'entry 2 \(b\): the key `score` is True'),
        (dict(gflops=1), r'entry 2 \(b\): unknown key `gflops`. Known are name, gmacs, params_m, score, fps'),
        (dict(name=' '), r"entry 2: the key `name` must be a text but is ' '"),
    ],
)
def test_wrong_entries_are_named(tmp_path, change, words):
    path = tmp_path / 'costs.json'
    entry = dict(name='b', gmacs=1, params_m=1, score=1)
    path.write_text(json.dumps([dict(entry, name='a'), {**entry, **change}]))
    with pytest.raises(ValueError, match=rf'costs.json, {words}'):
        read_costs(path)


def test_missing_keys_and_files_are_named(tmp_path):
    path = tmp_path / 'costs.json'
    with pytest.raises(FileNotFoundError, match=r'There is no file .*costs.json. Give a list of {"name"'):
        read_costs(path)
    for content in ([], {}, [1]):
        path.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=r'costs.json must hold a list of one or more'):
            read_costs(path)
    for key in ('gmacs', 'params_m', 'score'):
        entry = dict(name='a', gmacs=1, params_m=1, score=1)
        del entry[key]
        path.write_text(json.dumps([entry]))
        with pytest.raises(ValueError, match=rf'costs.json, entry 1 \(a\): the key `{key}` is missing'):
            read_costs(path)
    path.write_text('[{"gmacs": 1}]')
    with pytest.raises(ValueError, match=r"entry 1: the key `name` must be a text but is 'missing'"):
        read_costs(path)
