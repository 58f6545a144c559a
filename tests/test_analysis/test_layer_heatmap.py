# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest

from mmrrsis.analysis import LayerCounts, draw_layer_heatmap


@pytest.fixture
def counts():
    counts = LayerCounts((4, 5, 7))
    for layers in ((4, 5), (4, 7), (4, 5), (5, 7)):
        counts.add('colour', layers)
    counts.add('relation', (5, 7))
    return counts


def test_counts_of_a_hand_made_case(counts):
    assert counts.samples == {'colour': 4, 'relation': 1}
    assert counts.chosen == {'colour': [3, 3, 2], 'relation': [0, 1, 1]}
    assert counts.to_dict() == {
        'candidate_layers': [4, 5, 7],
        'samples': 5,
        'kinds': {
            'colour': {'samples': 4, 'layers': {'4': 3, '5': 3, '7': 2}},
            'relation': {'samples': 1, 'layers': {'4': 0, '5': 1, '7': 1}},
        },
    }


def test_a_layer_that_is_no_candidate_is_an_error_and_not_counted(counts):
    with pytest.raises(ValueError, match=r'Layer 12 was chosen but is not among the candidates \(4, 5, 7\)'):
        counts.add('colour', (4, 12))
    assert counts.samples['colour'] == 4 and counts.chosen['colour'] == [3, 3, 2]


def test_cells_are_percent_of_the_samples_of_their_row(counts):
    figure = draw_layer_heatmap(counts, 'A title with $ and _')
    axis = figure.axes[0]
    expected = np.array([[75, 75, 50], [0, 100, 100], [60, 80, 60]])  # the last row: 3, 4 and 3 of 5
    np.testing.assert_allclose(axis.images[0].get_array(), expected)
    assert [text.get_text() for text in axis.texts] == [str(value) for value in expected.flat]
    assert [text.get_position() for text in axis.texts] == [(column, row) for row in range(3) for column in range(3)]
    assert [label.get_text() for label in axis.get_xticklabels()] == ['4', '5', '7']
    rows = [label.get_text() for label in axis.get_yticklabels()]
    assert rows == ['colour  (n = 4)', 'relation  (n = 1)', 'all  (n = 5)']
    assert axis.images[0].get_clim() == (0, 100), 'figures of two models can be compared'
    assert figure.get_suptitle() == 'A title with $ and _'
    assert figure.axes[1].get_ylabel() == 'samples that choose it (%)'


def test_numbers_stand_out_from_their_cells(counts):
    axis = draw_layer_heatmap(counts, 'title').axes[0]
    colors = {text.get_text(): text.get_color() for text in axis.texts}
    assert colors['0'] == 'black' and colors['100'] == 'white'


def test_nothing_counted_is_an_error():
    with pytest.raises(ValueError, match=r'no sample was counted'):
        draw_layer_heatmap(LayerCounts((4, 5)), 'title')
