# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest
import torch
from PIL import Image

from mmrrsis.models.necks.layer_selection import LayerSelection
from mmrrsis.web import read_source, record_layers, segment_source
from mmrrsis.web.result_view import layer_table


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


def test_layers_are_recorded_in_the_order_of_the_expressions(predictor, photograph):
    expressions = ['red', 'blue', 'green']  # 3, 4 and 5 characters
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
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / 'noise.png')
    source, expressions = read_source(tmp_path / 'noise.png'), ('the red roof', 'a ship', 'the field on the left')
    together = segment_source(inferencer, source, expressions)
    alone = segment_source(inferencer, source, expressions[2:])
    candidates = model.neck.layer_selection.candidate_layers
    assert together.layer_choices.candidate_layers == candidates
    assert together.layer_choices.scores.shape == (3, len(candidates))
    np.testing.assert_allclose(together.layer_choices.scores.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(together.layer_choices.scores[2:3], alone.layer_choices.scores, rtol=1e-4)
    assert (together.layer_choices.layers[:, -1] == 8).all()
