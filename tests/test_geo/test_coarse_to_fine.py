# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest
import rasterio
from scipy import ndimage

from mmrrsis.geo import coarse_to_fine, segment_scene, strips
from mmrrsis.geo.coarse_to_fine import locate_windows


class LeftmostModel:
    """Marks the leftmost bright object of the image it is shown, whatever that is a part of."""

    mask_threshold = 0.5

    def __init__(self):
        self.shapes = []

    def predict_probabilities(self, images, expressions):
        self.shapes.append(images[0].shape[:2])
        answers = np.zeros((len(images), len(expressions), *images[0].shape[:2]), dtype=np.float32)
        for image, answer in zip(images, answers, strict=True):
            labels, count = ndimage.label(image[..., 0] > 100)
            if count:
                lefts = [part[1].start for part in ndimage.find_objects(labels)]
                answer[:, labels == 1 + int(np.argmin(lefts))] = 0.9
        return answers

    def check_words(self, expressions, force):
        return ()


@pytest.fixture
def piers(write_scene):
    """Two rough objects, one at the left and one at the right."""
    values = np.zeros((3, 400, 600), dtype=np.uint8)
    rough = np.random.default_rng(0).integers(0, 6, 60)
    for row in range(60):
        values[:, 100 + row, 40 : 120 + rough[row]] = 255
        values[:, 250 + row, 450 : 530 + rough[row]] = 255
    return values, write_scene(values)


def masks(scene, tmp_path, monkeypatch, model=None, **options):
    monkeypatch.setattr(strips, 'WHOLE_SIDE', 150)  # a quarter of the scene
    model = model or LeftmostModel()
    segment_scene(model, scene, 'the leftmost pier', mask=tmp_path / 'm.tif', show_progress=False, **options)
    with rasterio.open(tmp_path / 'm.tif') as file:
        return file.read(1)


def test_the_scene_decides_and_full_resolution_draws(piers, tmp_path, monkeypatch):
    values, scene = piers
    expected = values[0] > 0
    expected[:, 300:] = False
    options = dict(tile=128, overlap=32)
    model = LeftmostModel()
    fine = masks(scene, tmp_path, monkeypatch, model, mode='coarse-to-fine', **options)
    np.testing.assert_array_equal(fine > 0, expected)
    whole = masks(scene, tmp_path, monkeypatch, mode='whole')
    assert not (whole > 0)[:, 300:].any() and not np.array_equal(whole > 0, expected), 'the outline is rough'
    tiled = masks(scene, tmp_path, monkeypatch, mode='tiled', **options)
    assert (tiled > 0)[:, 450:].any(), 'a tile cannot know what is left of it'
    assert model.shapes[0] == (100, 150) and 1 < len(model.shapes) < 5, 'only the located part is refined'


def test_nothing_located_is_nothing_found(write_scene, tmp_path, monkeypatch):
    model = LeftmostModel()
    scene = write_scene(np.zeros((3, 200, 300), dtype=np.uint8))
    assert not masks(scene, tmp_path, monkeypatch, model, mode='coarse-to-fine').any()
    assert len(model.shapes) == 1


def test_windows_hold_their_part_with_context_and_do_not_overlap():
    rng = np.random.default_rng(0)
    for _ in range(20):
        located = ndimage.binary_dilation(rng.random((60, 90)) < 0.002, iterations=2)
        windows = locate_windows(located, (600, 900), tile=128)
        covered = np.zeros((600, 900), dtype=int)
        for window in windows:
            assert window.width >= 128 and window.height >= 128
            assert window.col_off >= 0 and window.col_off + window.width <= 900
            assert window.row_off >= 0 and window.row_off + window.height <= 600
            rows = slice(window.row_off, window.row_off + window.height)
            covered[rows, window.col_off : window.col_off + window.width] += 1
        assert covered.max() <= 1
        assert (covered[np.kron(located, np.ones((10, 10), dtype=int)) > 0] == 1).all()


def test_window_of_a_part_is_centred_on_it_and_moved_inside_at_the_border():
    located = np.zeros((100, 100), dtype=bool)
    located[50:60, 40:44] = True
    (window,) = locate_windows(located, (1000, 1000), tile=100)
    # 100 x 40 pixels, a quarter more on each side: 150 x 60, the width filled up to 100
    assert (window.row_off, window.height, window.col_off, window.width) == (475, 150, 370, 100)
    located = np.zeros((100, 100), dtype=bool)
    located[0:2, 98:100] = True
    (window,) = locate_windows(located, (1000, 1000), tile=100)
    assert (window.row_off, window.height, window.col_off, window.width) == (0, 100, 900, 100)


def test_each_expression_is_refined_in_its_own_place(model, write_scene, tmp_path, monkeypatch):
    monkeypatch.setattr(strips, 'WHOLE_SIDE', 100)
    values = np.zeros((3, 300, 300), dtype=np.uint8)
    values[0, 20:52, 20:51] = 255
    values[1, 220:253, 230:260] = 255
    scene = write_scene(values)
    options = dict(mode='coarse-to-fine', tile=64, overlap=16, show_progress=False)
    segment_scene(model, scene, ['R', 'G'], mask=tmp_path / 'm.tif', **options)
    with rasterio.open(tmp_path / 'm.tif') as file:
        np.testing.assert_array_equal(file.read(), values[:2] > 0)
    assert all(asked == ('R', 'G') or len(asked) == 1 for _, _, asked in model.calls)
    assert coarse_to_fine.uncertain_pixels((100, 100)) == 2


class BrightInTilesModel(LeftmostModel):
    """Sees the leftmost object of the reduced scene, and in tiles takes everything bright for it."""

    def predict_probabilities(self, images, expressions):
        if images[0].shape[:2] == (100, 150):
            return super().predict_probabilities(images, expressions)
        return np.stack([np.repeat(image[None, ..., 0] > 100, len(expressions), axis=0) for image in images]) * 0.9


def test_a_neighbour_in_the_window_is_not_meant(piers, write_scene, tmp_path, monkeypatch):
    values = piers[0].copy()
    values[:, 110:150, 160:190] = 255  # in the window of 200 pixels, but away from what was located
    fine = masks(
        write_scene(values), tmp_path, monkeypatch, BrightInTilesModel(), mode='coarse-to-fine', tile=200, overlap=32
    )
    expected = values[0] > 0
    expected[:, 150:] = False
    np.testing.assert_array_equal(fine > 0, expected)
