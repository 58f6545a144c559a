# Copyright (c) mmrrsis contributors.
import json
import urllib.error
import urllib.request

import gradio as gr
import pytest

from mmrrsis.web import launch_page


@pytest.fixture
def address(predictor, monkeypatch):
    monkeypatch.setenv('GRADIO_SERVER_NAME', '0.0.0.0')
    yield launch_page(predictor, 'stand-in', block=False)
    gr.close_all(verbose=False)


def test_the_page_is_for_this_machine_whatever_the_environment_says(address):
    assert address.startswith('http://127.0.0.1:')


def test_no_file_of_the_server_is_served(address, photograph):
    for path in ('/etc/passwd', '../../../etc/passwd', str(photograph)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f'{address}gradio_api/file={path}', timeout=30)
        assert refused.value.code in (403, 404)


def test_a_path_of_the_server_is_no_upload(address, photograph):
    config = json.loads(urllib.request.urlopen(f'{address}config', timeout=30).read())
    (event,) = (item['id'] for item in config['dependencies'] if item['api_name'] == 'show_source')
    payload = dict(data=[dict(path=str(photograph), meta=dict(_type='gradio.FileData'))], fn_index=event)
    request = urllib.request.Request(
        f'{address}gradio_api/queue/join',
        data=json.dumps({**payload, 'session_hash': 'stranger'}).encode(),
        headers={'Content-Type': 'application/json'},
    )
    urllib.request.urlopen(request, timeout=30).close()
    answer = urllib.request.urlopen(f'{address}gradio_api/queue/data?session_hash=stranger', timeout=30).read()
    assert b'was not uploaded by a user' in answer and b'60 \\u00d7 40' not in answer
