# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest
import torch
from rasterio.windows import Window
from torch.nn import functional as F

from mmrrsis.geo import MODES, SceneReader, Tiling
from mmrrsis.geo.strips import StripStream, enlarge_columns, enlarge_rows, nearest, tiled_strips


def test_model_sees_full_tiles_in_batches(segment, model, write_scene, noise, tmp_path):
    segment(model, write_scene(noise(30, 50)), mask=tmp_path / 'm.tif', tile=16, overlap=4, batch_size=3)
    assert {shape for _, shape, _ in model.calls} == {(16, 16, 3)}
    assert [count for count, _, _ in model.calls] == [3, 1] * 3, 'three rows of four tiles each'


def test_strips_of_a_part_come_one_by_one_while_the_rest_is_not_yet_read(model, write_scene, noise):
    done = []
    with SceneReader(write_scene(noise(100, 60))) as scene:
        part = Window(20, 10, 30, 80)
        strips = tiled_strips(scene, part, model, ['R', 'B'], Tiling(20, 4, batch_size=8), done.append)
        top, strip = next(strips)
        assert (top, strip.shape) == (0, (2, 16, 30)), 'rows that the next tiles reach wait for them'
        assert done == [2] and len(model.calls) == 1
        rest = [strip for _, strip in strips]
    assert sum(done) == Tiling(20, 4).count((80, 30)) == 10
    expected = noise(100, 60)[[0, 2], 10:90, 20:50] / 255
    np.testing.assert_allclose(np.concatenate([strip, *rest], axis=1), expected, atol=1e-6)


def test_tiles_without_data_are_not_predicted(segment, model, write_scene, noise, tmp_path):
    values = noise(32, 32)
    values[:, :16] = 0
    segment(model, write_scene(values, nodata=0), mask=tmp_path / 'm.tif', tile=16, overlap=0)
    assert sum(count for count, _, _ in model.calls) == 2


@pytest.mark.parametrize('mode', MODES)
def test_a_scene_without_any_data_is_not_predicted(segment, read, model, write_scene, tmp_path, mode):
    scene = write_scene(np.full((3, 8, 8), 9, dtype=np.uint8), nodata=9)
    result = segment(model, scene, ['R', 'G'], probability=tmp_path / 'p.tif', mode=mode)
    assert model.calls == [] and result.pixels == (0, 0) and (read(tmp_path / 'p.tif') == 9).all()


@pytest.mark.parametrize('reduced, full', [((5, 7), (13, 40)), ((1, 4), (3, 9)), ((6, 6), (6, 6)), ((1, 1), (1, 8))])
def test_strips_are_those_of_a_resize_at_once(reduced, full):
    plane = np.random.default_rng(0).random((2, *reduced), dtype=np.float32)
    wide = enlarge_columns(plane, full[1])
    strips = [enlarge_rows(wide, full[0], start, min(start + 4, full[0])) for start in range(0, full[0], 4)]
    expected = F.interpolate(torch.from_numpy(plane)[None], size=full, mode='bilinear', align_corners=False)[0]
    np.testing.assert_allclose(np.concatenate(strips, axis=1), expected.numpy(), atol=1e-6)


def test_nearest_takes_the_pixel_that_holds_the_centre():
    np.testing.assert_array_equal(nearest(6, 3, 0, 6), [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(nearest(5, 2, 1, 5), [0, 1, 1, 1])  # centres 0.6, 1.0, 1.4, 1.8


def test_stream_serves_rows_in_any_portions():
    plane = np.arange(20, dtype=np.float32).reshape(1, 10, 2)
    stream = StripStream([(0, plane[:, :3]), (3, plane[:, 3:4]), (4, plane[:, 4:])])
    np.testing.assert_array_equal(stream.take(1), plane[:, :1])
    np.testing.assert_array_equal(stream.take(5), plane[:, 1:6])
    np.testing.assert_array_equal(stream.take(4), plane[:, 6:])
