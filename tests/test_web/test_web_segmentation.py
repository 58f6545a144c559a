import cv2
import numpy as np
import pytest
import torch

from mmrrsis.models.necks.layer_selection import LayerSelection
from mmrrsis.web import read_expression_lines, read_source, record_layers, segment_source, write_examples
from mmrrsis.web.overlay import COLORS, draw_overlay
from mmrrsis.web.result_tables import layer_table, mask_table


def test_expressions_are_the_lines_that_say_something():
    assert read_expression_lines(' the ship \n\n the  dock\nthe ship\n') == ['the ship', 'the dock']
    for text in (None, '', ' \n '):
        with pytest.raises(ValueError, match='There is no expression'):
            read_expression_lines(text)
    assert len(read_expression_lines('\n'.join('abcdef'))) == 6
    with pytest.raises(ValueError, match='There are 7 expressions; the page takes at most 6'):
        read_expression_lines('\n'.join('abcdefg'))
    with pytest.raises(ValueError, match='Expression 2 has 301 letters'):
        read_expression_lines('a\n' + 'b' * 301)


def test_thresholds_need_no_second_run(predictor, photograph, pixels):
    result = segment_source(predictor, read_source(photograph), ['red roof', 'green yard'])
    for threshold, red, green in ((0.1, 2400, 2400), (0.5, 144, 100), (0.7, 144, 0), (0.9, 0, 0)):
        assert result.masks(threshold).sum((1, 2)).tolist() == [red, green]
    np.testing.assert_array_equal(result.masks(0.5)[0], pixels[..., 0] == 204)
    roof, yard = result.summaries(0.7)
    assert (roof.share, yard.share, yard.score) == (144 / 2400, 0, 0)
    assert roof.score == pytest.approx(0.8) and yard.highest == pytest.approx(0.6)
    assert predictor.calls == 1


def test_pixels_at_the_threshold_and_without_data_are_outside(predictor, write_tiff, pixels):
    values = pixels.transpose(2, 0, 1).copy()
    values[:, 8:14] = 250  # no data in half of the red block
    result = segment_source(predictor, read_source(write_tiff(values=values, nodata=250)), ['red roof'])
    assert result.masks(0.5).sum() == 72
    assert result.masks(float(result.probabilities[0, 16, 25])).sum() == 0
    assert result.summaries(0.5)[0].share == 72 / (34 * 60)


def test_overlay_shows_the_chosen_masks_in_their_colours(predictor, photograph, pixels):
    result = segment_source(predictor, read_source(photograph), ['red roof', 'green yard'])
    both = draw_overlay(result, 0.5, 1.0)
    assert tuple(both[14, 26]) == COLORS[0] and tuple(both[33, 9]) == COLORS[1]
    one = draw_overlay(result, 0.5, 1.0, [1])
    np.testing.assert_array_equal(one[:24], pixels[:24])
    assert tuple(one[33, 9]) == COLORS[1]
    half = draw_overlay(result, 0.5, 0.5)
    np.testing.assert_array_equal(half[14, 26], np.rint((pixels[14, 26] + np.array(COLORS[0])) / 2))
    np.testing.assert_array_equal(draw_overlay(result, 0.9, 1.0), pixels)


def test_layers_are_recorded_in_the_order_of_the_expressions(predictor, photograph):
    expressions = ['red', 'blue', 'green']  # 3, 4 and 5 letters
    result = segment_source(predictor, read_source(photograph), expressions)
    choices = result.layer_choices
    assert choices.candidate_layers == (4, 5, 6)
    assert choices.layers.tolist() == [[5, 6, 8], [4, 6, 8], [5, 6, 8]]
    np.testing.assert_allclose(choices.scores[1], [0.6, 0.1, 0.3], rtol=1e-6)
    assert not predictor.model.neck.layer_selection._forward_hooks
    rows = layer_table(result).split('<tbody>')[1].split('</tr>')
    assert [row.count('cell chosen') for row in rows[:3]] == [2, 2, 2]
    first, second, third, last = rows[1].split('<td class="cell')[1:]
    assert first.startswith(' chosen') and '>0.60<' in first and '>0.10<' in second
    assert not second.startswith(' chosen') and third.startswith(' chosen') and '✓' in last


def test_models_that_choose_no_layers_have_no_table(photograph, predictor, plain_predictor):
    result = segment_source(plain_predictor, read_source(photograph), ['red roof'])
    assert not result.layer_choices and layer_table(result) == ''
    predictor.model.neck.layer_selection.forward = lambda length: LayerSelection((), torch.tensor([[4, 8, 12]]))
    assert not segment_source(predictor, read_source(photograph), ['red roof']).layer_choices
    with record_layers(None) as choices:
        pass
    assert not choices


def test_the_real_selection_of_each_pair_is_recorded(tmp_path):
    from mmrrsis.apis import ReferringInferencer, init_segmentor
    from mmrrsis.package_files import find_config

    torch.manual_seed(0)
    model = init_segmentor(find_config('cd2fsan_tiny_synthrs'), cfg_options={'model.encoder.pretrained': None})
    inferencer = ReferringInferencer(model, show_progress=False)
    example = write_examples(tmp_path)[0]
    together = segment_source(inferencer, read_source(example.path), example.expressions)
    alone = segment_source(inferencer, read_source(example.path), example.expressions[2:3])
    candidates = model.neck.layer_selection.candidate_layers
    assert together.layer_choices.candidate_layers == candidates
    assert together.layer_choices.scores.shape == (len(example.expressions), len(candidates))
    np.testing.assert_allclose(together.layer_choices.scores.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(together.layer_choices.scores[2:3], alone.layer_choices.scores, rtol=1e-4)
    assert (together.layer_choices.layers[:, -1] == 8).all()


def test_tables_say_what_was_found_and_show_words_as_words(predictor, photograph):
    result = segment_source(predictor, read_source(photograph), ['red <b>roof</b>', 'blue car'])
    table = mask_table(result, 0.5)
    assert 'red &lt;b&gt;roof&lt;/b&gt;' in table and '>6.0%<' in table and '>0.80<' in table
    assert 'nothing above 0.50; highest 0.20' in table
    assert '<b>' not in table + layer_table(result)


def test_examples_are_images_with_their_expressions(tmp_path):
    examples = write_examples(tmp_path)
    assert [len(example.expressions) > 0 for example in examples] == [True] * 3
    assert all(path.stat().st_size < 400_000 for path in tmp_path.iterdir())
    assert cv2.imread(str(examples[0].path)).shape == (384, 384, 3)
    assert read_source(examples[2].path).crs == 'EPSG:32617'
