# Copyright (c) mmrrsis contributors.
"""Without network nothing is tried twice, and the error names what helps."""

import socket
import threading

import pytest
import torch
from huggingface_hub import constants

from mmrrsis import downloads
from mmrrsis.datasets.tokenizers import BERTTokenizer
from mmrrsis.downloads import hub_access, is_reachable
from mmrrsis.models.encoders import BERTStages, CLIPDualEncoder, SwinStages, TIMMStages

SWIN = dict(embed_dims=8, depths=(1, 1), num_heads=(1, 1))
BERT = dict(num_hidden_layers=1, hidden_size=12, num_attention_heads=2, intermediate_size=16)
CLIP = dict(arch='ViT-B-32', image_size=32)


@pytest.fixture
def looked_up(monkeypatch, tmp_path):
    """No network and empty caches; the names of servers that somebody asked for."""
    names = []

    def refuse(host, *args, **kwargs):
        names.append(host)
        raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')

    monkeypatch.setattr(socket, 'getaddrinfo', refuse)
    for variable in ('http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path / 'hub'))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'torch'))
    return names


@pytest.mark.parametrize(
    ('load', 'expected'),
    [
        (lambda: BERTTokenizer('nobody/nothing'), r"download 'vocab.txt' .* `tokenizer\.name_or_path` of Tokenize"),
        (
            lambda: BERTStages(BERT, 'nobody/nothing').init_weights(),
            r'give its folder: --cfg-options model\.encoder\.text\.pretrained=/path/to/folder',
        ),
        (
            lambda: CLIPDualEncoder(**CLIP, pretrained='laion2b_e16').init_weights(),
            r'give their path: --cfg-options model\.encoder\.pretrained=/path/to/weights',
        ),
        (
            lambda: TIMMStages('resnet10t', pretrained='timm').init_weights(),
            r'give their path: --cfg-options model\.encoder\.image\.pretrained=/path/to/weights',
        ),
        (
            lambda: SwinStages(SWIN, pretrained='https://nowhere.example/swin.pth').init_weights(),
            r'give their path: --cfg-options model\.encoder\.image\.pretrained=/path/to/weights',
        ),
    ],
    ids=['tokenizer', 'bert', 'clip', 'timm', 'address'],
)
def test_what_is_missing_is_said_after_one_look(looked_up, load, expected):
    with pytest.raises(OSError, match=expected):
        load()
    assert len(looked_up) == 1
    assert constants.HF_HUB_OFFLINE is False  # the next one looks again


def test_a_server_that_answers_is_used(monkeypatch):
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    monkeypatch.setattr(downloads, 'is_reachable', lambda url: url == constants.ENDPOINT)
    with hub_access():
        assert constants.HF_HUB_OFFLINE is False


def test_the_cache_is_used_without_a_server(looked_up, tmp_path):
    revision = '0' * 40
    model = tmp_path / 'hub' / 'models--nobody--nothing'
    files = model / 'snapshots' / revision
    files.mkdir(parents=True)
    (model / 'refs').mkdir()
    (model / 'refs' / 'main').write_text(revision)
    (files / 'config.json').write_text('{"model_type": "bert"}')
    with pytest.raises(OSError, match='no vocabulary'):  # not an empty one, in which every word is unknown
        BERTTokenizer('nobody/nothing')
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'ship']
    (files / 'vocab.txt').write_text('\n'.join(words))
    assert BERTTokenizer('nobody/nothing', max_tokens=4)('ship').token_ids.tolist() == [2, 5, 3, 0]


def test_a_user_who_is_offline_stays_so(monkeypatch):
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    monkeypatch.setattr(downloads, 'is_reachable', lambda url: pytest.fail('asked'))
    with hub_access():
        assert constants.HF_HUB_OFFLINE is True
    assert constants.HF_HUB_OFFLINE is True


def test_a_failed_load_ends_the_offline_mode(looked_up):
    with pytest.raises(ZeroDivisionError), hub_access():
        assert constants.HF_HUB_OFFLINE is True
        raise ZeroDivisionError
    assert constants.HF_HUB_OFFLINE is False


@pytest.mark.parametrize(('answer', 'expected'), [(b'HTTP/1.1 404 Not Found\r\n\r\n', True), (b'', False)])
def test_any_answer_counts(answer, expected, monkeypatch):
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with socket.create_server(('127.0.0.1', 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        assert is_reachable(f'http://127.0.0.1:{server.getsockname()[1]}/weights') is expected
        thread.join()


def test_a_silent_name_server_is_not_waited_for(monkeypatch):
    asked, done = threading.Event(), threading.Event()

    def wait(*args, **kwargs):
        asked.set()
        done.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, 'getaddrinfo', wait)
    monkeypatch.setattr(downloads, 'PATIENCE', 0.0)
    monkeypatch.setenv('no_proxy', '*')
    try:
        assert not is_reachable('https://nowhere.example')
        assert asked.wait(60)
    finally:
        done.set()
