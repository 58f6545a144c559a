# Copyright (c) mmrrsis contributors.
import math

import numpy as np
import pytest

pytest.importorskip('rasterio', reason='needs the extra geo')

import rasterio
from rasterio.transform import Affine, from_origin

from mmrrsis.geo import segment_scene

UTM = from_origin(500_000, 4_649_000, 0.5, 0.5)


class ChannelModel:
    """Takes a colour channel for the probability: a model whose answer about a pixel is that pixel's alone."""

    mask_threshold = 0.5

    def __init__(self):
        self.calls = []

    def predict_probabilities(self, images, expressions):
        self.calls.append((len(images), images[0].shape, tuple(expressions)))
        stacked = np.stack(images)
        assert stacked.dtype == np.uint8
        channels = [stacked[..., 'RGB'.index(expression[0])] for expression in expressions]
        return np.stack(channels, axis=1).astype(np.float32) / 255

    def check_words(self, expressions, force):
        return ()


@pytest.fixture
def model():
    return ChannelModel()


@pytest.fixture
def write_scene(tmp_path):
    """Write `(B, H, W)` as a GeoTIFF and return its path."""

    def write(values, name='scene.tif', mask=None, alpha=False, **profile):
        values = np.asarray(values)
        profile = {**dict(crs='EPSG:32633', transform=UTM), **profile}
        count, height, width = values.shape
        path = tmp_path / name
        if alpha:
            profile['photometric'] = 'RGB'
            profile['alpha'] = 'yes'
        with rasterio.open(
            path, 'w', driver='GTiff', width=width, height=height, count=count, dtype=values.dtype, **profile
        ) as file:
            file.write(values)
            if mask is not None:
                file.write_mask(mask)
        return path

    return write


@pytest.fixture
def noise():
    """A random 8-bit RGB image without the value 127 or 128, so that no rounding crosses the threshold of 0.5."""

    def make(height, width, seed=0):
        values = np.random.default_rng(seed).integers(0, 256, (3, height, width), dtype=np.uint8)
        return np.where((values == 127) | (values == 128), np.uint8(200), values)

    return make


@pytest.fixture
def rotated():
    """Pixels of half a metre, the rows turned by 30 degrees."""
    cos, sin = 0.5 * math.cos(math.pi / 6), 0.5 * math.sin(math.pi / 6)
    return Affine(cos, sin, 500_000, sin, -cos, 4_649_000)


@pytest.fixture
def segment():
    """Segment a scene without a progress bar."""

    def run(model, scene, expressions='R', **options):
        return segment_scene(model, scene, expressions, show_progress=False, **options)

    return run


@pytest.fixture
def read():
    """Read all bands of a raster."""

    def run(path):
        with rasterio.open(path) as file:
            return file.read()

    return run


@pytest.fixture
def blocks():
    """A black scene whose red channel has two bright blocks and a single pixel."""

    def make(height=40, width=60):
        values = np.zeros((3, height, width), dtype=np.uint8)
        values[0, 4:10, 5:25] = 255
        values[0, 20:33, 40:52] = 204
        values[0, 15, 2] = 255
        return values

    return make
