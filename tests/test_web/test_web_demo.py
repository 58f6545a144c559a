# Copyright (c) mmrrsis contributors.
"""The demo as people start it: without options, with the model of the package."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from mmrrsis.web import read_source

DEMO = Path(__file__).parents[2] / 'demo/web_demo.py'


@pytest.fixture
def address():
    """Start the demo and wait for the address that it prints."""
    environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}
    server = subprocess.Popen(
        [sys.executable, DEMO], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    printed = []
    try:
        for line in server.stdout:
            printed.append(line)
            if found := re.search(r'http://127\.0\.0\.1:\d+', line):
                yield found[0]
                break
        else:
            pytest.fail(''.join(printed))
    finally:
        server.terminate()
        server.wait(timeout=60)
        server.stdout.close()


@pytest.mark.slow
def test_an_example_is_segmented_with_the_model_of_the_package(chromium, address):
    sync_api = pytest.importorskip('playwright.sync_api', reason='needs playwright, of the extra tests')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=['--no-sandbox'], timeout=120_000)
        page = browser.new_page(viewport=dict(width=1280, height=900))
        page.set_default_timeout(120_000)  # a shared core may be slow
        page.goto(address)
        assert 'research purposes only' in page.locator('.limits').inner_text()
        page.locator('#examples .thumbnail-item').first.click()
        page.locator('#message', has_text='airplanes.jpg').wait_for()
        page.locator('#segment').click()
        page.locator('#masks tbody tr').first.wait_for()
        expressions = page.locator('#expressions textarea').input_value().splitlines()
        assert page.locator('#masks tbody tr').count() == len(expressions)
        assert page.locator('#masks td.empty').count() == 0
        assert page.locator('#layers td.chosen').count() == 2 * len(expressions)
        browser.close()


def test_examples_are_images_with_their_expressions():
    spec = importlib.util.spec_from_file_location('web_demo', DEMO)
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    examples = demo.find_examples()
    assert [len(example.expressions) > 0 for example in examples] == [True] * 3
    assert cv2.imread(str(examples[0].path)).shape == (256, 256, 3)
    assert read_source(examples[2].path).crs == 'EPSG:32617'
