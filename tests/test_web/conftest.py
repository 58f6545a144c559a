# Copyright (c) mmrrsis contributors.
import math
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip('gradio', reason='needs the extra web')
pytest.importorskip('rasterio', reason='needs the extra web')

import rasterio
from PIL import Image
from rasterio.transform import from_origin

from mmrrsis.models.necks.layer_selection import LayerSelection

#: Upper left corner and pixel size of the scenes, in metres of UTM zone 33 north.
LEFT, TOP, PIXEL = 500_000, 4_649_000, 0.5


class ScoredSelection(nn.Module):
    """Layers 4 to 6, of which the two named in the expression's length are chosen."""

    candidate_layers = (4, 5, 6)

    def forward(self, length):
        scores = torch.tensor([[0.2, 0.5, 0.3]]) if length % 2 else torch.tensor([[0.6, 0.1, 0.3]])
        layers = torch.tensor([[5, 6, 8]]) if length % 2 else torch.tensor([[4, 6, 8]])
        return LayerSelection(features=(), layers=layers, scores=scores)


class ChannelPredictor:
    """Takes the colour channel that an expression begins with for the probability; counts its calls.

    It does not know trees, nor the word 'old'.
    """

    mask_threshold = 0.5

    def __init__(self, selects=True):
        self.calls = 0
        selection = ScoredSelection() if selects else None
        self.model = SimpleNamespace(neck=SimpleNamespace(layer_selection=selection))

    def predict_probabilities(self, images, expressions):
        self.calls += 1
        if self.model.neck.layer_selection is not None:
            for expression in expressions:
                self.model.neck.layer_selection(len(expression))
        channels = [['red', 'green', 'blue'].index(expression.split()[0]) for expression in expressions]
        return np.stack(images).astype(np.float32).transpose(0, 3, 1, 2)[:, channels] / 255

    def check_words(self, expressions, force):
        for expression in expressions:
            if expression.endswith('tree') and not force:
                raise ValueError(f'"{expression}": the model was not trained on "tree". It knows roof, yard.')
        return [f'"{text}": the model was not trained on "old".' for text in expressions if 'old' in text.split()]


@pytest.fixture
def predictor():
    return ChannelPredictor()


@pytest.fixture
def plain_predictor():
    return ChannelPredictor(selects=False)


def make_pixels():
    """Grey ground (0.2); a red block (0.8), 144 pixels, of 12 lines and columns; a green one (0.6), 100 pixels."""
    pixels = np.full((40, 60, 3), 51, dtype=np.uint8)
    pixels[8:20, 20:32, 0] = 204
    pixels[28:38, 4:14, 1] = 153
    return pixels


@pytest.fixture
def pixels():
    return make_pixels()


@pytest.fixture
def photograph(tmp_path, pixels):
    path = tmp_path / 'yard.png'
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def write_tiff(tmp_path, pixels):
    def write(name='port.tif', values=None, **profile):
        values = pixels.transpose(2, 0, 1) if values is None else values
        count, height, width = values.shape
        profile = {**dict(crs='EPSG:32633', transform=from_origin(LEFT, TOP, PIXEL, PIXEL)), **profile}
        size = dict(width=width, height=height, count=count, dtype=values.dtype)
        with rasterio.open(tmp_path / name, 'w', driver='GTiff', **size, **profile) as file:
            file.write(values)
        return tmp_path / name

    return write


@pytest.fixture(scope='session')
def chromium():
    """Path of a Chromium or Chrome on this machine."""
    for name in ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'):
        if path := shutil.which(name):
            return path
    pytest.skip('there is no Chromium or Chrome on the PATH (Debian: apt-get install chromium)')


@pytest.fixture
def block_in_degrees():
    """Bounds of the red block of `pixels` in longitude and latitude, by the series of the transverse Mercator."""

    def to_degrees(easting, northing):
        # Snyder, Map Projections (1987), equations 8-17 to 8-25 and 3-26, for WGS 84 and zone 33.
        a, f, k0 = 6378137.0, 1 / 298.257223563, 0.9996
        e2 = f * (2 - f)
        ep2 = e2 / (1 - e2)
        mu = northing / k0 / (a * (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256))
        e1 = (1 - math.sqrt(1 - e2)) / (1 + math.sqrt(1 - e2))
        phi = mu + (3 * e1 / 2 - 27 * e1**3 / 32) * math.sin(2 * mu)
        phi += (21 * e1**2 / 16 - 55 * e1**4 / 32) * math.sin(4 * mu) + 151 * e1**3 / 96 * math.sin(6 * mu)
        c, t = ep2 * math.cos(phi) ** 2, math.tan(phi) ** 2
        n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        r = a * (1 - e2) / (1 - e2 * math.sin(phi) ** 2) ** 1.5
        d = (easting - 500_000) / (n * k0)
        latitude = phi - n * math.tan(phi) / r * (d**2 / 2 - (5 + 3 * t + 10 * c - 4 * c**2 - 9 * ep2) * d**4 / 24)
        longitude = (d - (1 + 2 * t + c) * d**3 / 6) / math.cos(phi)
        return 15 + math.degrees(longitude), math.degrees(latitude)

    west, north = to_degrees(LEFT + 20 * PIXEL, TOP - 8 * PIXEL)
    east, south = to_degrees(LEFT + 32 * PIXEL, TOP - 20 * PIXEL)
    return west, south, east, north
