# Copyright (c) mmrrsis contributors.
import json

import cv2
import gradio as gr
import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from PIL import Image

from mmrrsis.dependencies import check_packages
from mmrrsis.web import MAX_SIDE, Example, launch_page, training_note

NOTE = 'Seen synthetic scenes only.'


def test_missing_packages_are_named_with_the_command():
    with pytest.raises(ImportError, match=r'needs gradioo. .* `pip install mmrrsis\[web\]`'):
        check_packages('web', ('numpy', 'gradioo'))


def test_the_page_warns_of_models_of_synthetic_scenes():
    assert 'synthetic scenes only' in training_note(
        Config(dict(train_dataloader=dict(dataset=dict(type='SynthRSDataset'))))
    )
    assert training_note(Config(dict(train_dataloader=dict(dataset=dict(type='RRSISDDataset'))))) == ''
    assert training_note(Config(dict())) == ''


@pytest.fixture
def browser_page(chromium, predictor, write_tiff, photograph):
    """The page of a stand-in model in a browser, on a screen of a desk."""
    sync_api = pytest.importorskip('playwright.sync_api', reason='needs playwright, of the extra tests')
    examples = [
        Example(photograph, ('red roof',), 'Photograph'),
        Example(write_tiff('dock.tif'), ('green dock', 'red roof'), 'GeoTIFF'),
    ]
    address = launch_page(predictor, 'stand-in', examples, NOTE, block=False)
    try:
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=['--no-sandbox'], timeout=120_000)
            page = browser.new_page(viewport=dict(width=1280, height=900))
            page.set_default_timeout(60_000)  # a shared core may be slow
            page.strangers = []
            page.on('request', lambda request: page.strangers.append(request.url))
            page.goto(address)
            page.wait_for_selector('#segment')
            yield page
            browser.close()
    finally:
        gr.close_all(verbose=False)


def upload(page, path):
    page.locator('#file input[type=file]').set_input_files(path)


def segment(page, *expressions):
    page.locator('#expressions textarea').fill('\n'.join(expressions))
    page.locator('#segment').click()


def wait_for_error(page, words):
    page.locator('#message .error', has_text=words).wait_for()


def shown_picture(page):
    """Return the picture on the page, ``(H, W, 3)`` RGB, as the browser got it."""
    response = page.request.get(page.locator('#picture img').get_attribute('src'))
    return cv2.imdecode(np.frombuffer(response.body(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def set_slider(page, name, value):
    """Set a slider and wait until the picture is another one."""
    picture = page.locator('#picture img')
    before = picture.get_attribute('src')
    page.locator(f'#{name} input[type=number]').fill(str(value))
    page.locator(f'#{name} input[type=number]').press('Enter')
    page.wait_for_function('before => document.querySelector("#picture img").src !== before', arg=before)


def download(page, number):
    with page.expect_download() as waiting:
        page.locator('#files a[download]').nth(number).click()
    return waiting.value


def is_narrow_enough(page):
    return page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')


@pytest.mark.slow
def test_from_a_geotiff_and_words_to_files(browser_page, predictor, write_tiff, tmp_path, pixels, block_in_degrees):
    page = browser_page
    assert NOTE in page.locator('.limits').inner_text()
    upload(page, write_tiff())
    page.locator('#message', has_text='port.tif: 60 × 40 pixels, georeferenced (EPSG:32633)').wait_for()
    np.testing.assert_array_equal(shown_picture(page), pixels)

    segment(page, 'red roof', 'green yard')
    page.locator('#masks tbody tr').nth(1).wait_for()
    assert '6.0%' in page.locator('#masks tbody tr').nth(0).inner_text()
    assert page.locator('#layers td.chosen').count() == 4
    masked = shown_picture(page)
    assert (masked[14, 26] != pixels[14, 26]).any() and (masked[33, 9] != pixels[33, 9]).any()
    np.testing.assert_array_equal(masked[:5, :15], pixels[:5, :15])

    set_slider(page, 'threshold', 0.7)
    page.locator('#masks td.empty', has_text='nothing above 0.70; highest 0.60').wait_for()
    rethresholded = shown_picture(page)
    np.testing.assert_array_equal(rethresholded[24:], pixels[24:])
    np.testing.assert_array_equal(rethresholded[:24], masked[:24])
    set_slider(page, 'opacity', 1)
    assert tuple(shown_picture(page)[14, 26]) == (255, 40, 120)
    assert predictor.calls == 1

    page.locator('#export').click()
    page.locator('#files a[download]').nth(1).wait_for()
    saved = [download(page, number) for number in (0, 1)]
    assert [file.suggested_filename for file in saved] == ['port_mask.tif', 'port_mask.geojson']
    for file in saved:
        file.save_as(tmp_path / 'saved' / file.suggested_filename)
    with rasterio.open(tmp_path / 'saved/port_mask.tif') as mask:
        assert mask.crs == 'EPSG:32633' and mask.bounds == (500_000, 4_648_980, 500_030, 4_649_000)
        np.testing.assert_array_equal(mask.read(1), pixels[..., 0] == 204)
        assert not mask.read(2).any()
    (feature,) = json.loads((tmp_path / 'saved/port_mask.geojson').read_text())['features']
    ring = np.array(feature['geometry']['coordinates'][0])
    np.testing.assert_allclose([*ring.min(0), *ring.max(0)], block_in_degrees, atol=2e-8)
    set_slider(page, 'threshold', 0.5)
    page.locator('#files').wait_for(state='hidden')  # files of another threshold are taken back

    assert is_narrow_enough(page)
    page.set_viewport_size(dict(width=390, height=844))
    assert is_narrow_enough(page)
    assert [url for url in page.strangers if '127.0.0.1' not in url and url.startswith('http')] == []


@pytest.mark.slow
def test_what_goes_wrong_is_said_in_words(browser_page, predictor, photograph, tmp_path):
    page = browser_page
    segment(page, 'red roof')
    wait_for_error(page, 'There is no image.')
    upload(page, photograph)
    page.locator('#message', has_text='yard.png: 60 × 40 pixels, without georeference').wait_for()
    segment(page, ' ')
    wait_for_error(page, 'There is no expression.')
    segment(page, *'abcdefg')
    wait_for_error(page, 'There are 7 expressions; the page takes at most 6')
    assert predictor.calls == 0

    segment(page, 'red roof')
    page.locator('#masks tbody tr').wait_for()
    page.locator('#export').click()
    file = download(page, 0)
    assert file.suggested_filename == 'yard_mask_1_red_roof.png'
    assert (cv2.imread(str(file.path()), cv2.IMREAD_UNCHANGED) == 255).sum() == 144

    # Another file takes the place of the first and its results; the browser offers the field once it is empty.
    Image.fromarray(np.zeros((2, MAX_SIDE + 1), dtype=np.uint8)).save(tmp_path / 'huge.png')
    (tmp_path / 'broken.png').write_text('no image')
    for name, words in (('huge.png', 'has 4097 × 2 pixels'), ('broken.png', 'broken.png cannot be read as an image')):
        page.get_by_label('Clear').first.click()
        page.locator('#message', has_text='Upload an image').wait_for()
        upload(page, tmp_path / name)
        wait_for_error(page, words)
        assert page.locator('#masks table').count() == 0
        segment(page, 'red roof')
        wait_for_error(page, words)


@pytest.mark.slow
def test_unknown_words_are_named_and_unknown_objects_refused_unless_forced(browser_page, predictor, photograph):
    page = browser_page
    upload(page, photograph)
    page.locator('#message', has_text='yard.png').wait_for()
    segment(page, 'red old roof', 'green tree')
    wait_for_error(page, 'the model was not trained on "tree". It knows roof, yard.')
    assert predictor.calls == 0 and page.locator('#masks table').count() == 0
    page.get_by_label('Force an answer for objects that the model does not know').check()
    page.locator('#segment').click()
    page.locator('#masks tbody tr').nth(1).wait_for()
    assert page.locator('#message .warning').all_inner_texts() == [
        '"red old roof": the model was not trained on "old".'
    ]
    segment(page, 'red roof')
    page.locator('#message .warning').wait_for(state='detached')


@pytest.mark.slow
def test_examples_fill_in_image_and_words(browser_page, predictor, pixels):
    page = browser_page
    assert page.locator('#examples .thumbnail-item').count() == 2
    page.locator('#examples .thumbnail-item').nth(1).click()
    page.locator('#message', has_text='dock.tif: 60 × 40 pixels, georeferenced (EPSG:32633)').wait_for()
    assert page.locator('#expressions textarea').input_value() == 'green dock\nred roof'
    np.testing.assert_array_equal(shown_picture(page), pixels)
