# Copyright (c) mmrrsis contributors.
import os
import random

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from safetensors.torch import save_file

from mmrrsis.checkpoint_file import (
    DamagedCheckpointError,
    read_checkpoint_file,
    replace_file,
    save_tensors,
    tensor_digest,
)

TENSORS = {'weight': torch.arange(4096.0), 'mask': torch.tensor([True, False]), 'scale': torch.tensor(2.0)}


class Planted:
    """Code in a checkpoint: creates a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (os.mkdir, (str(self.mark),))


@pytest.mark.parametrize('suffix', ['pth', 'safetensors'])
def test_a_flipped_byte_in_a_tensor_is_noticed_wherever_it_is(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    if suffix == 'pth':
        torch.save(dict(state_dict=TENSORS), path)
    else:
        save_tensors(TENSORS, path)
    read_checkpoint_file(path)
    whole = path.read_bytes()
    start = whole.index(TENSORS['weight'].numpy().tobytes())
    draw = random.Random(0)
    for _ in range(50):
        place = start + draw.randrange(4 * 4096)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :])
        with pytest.raises(DamagedCheckpointError, match=r'a\.\w+ is damaged'):
            read_checkpoint_file(path)


def test_any_flipped_byte_is_noticed_or_changes_nothing(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict=TENSORS), path)
    whole = path.read_bytes()
    draw = random.Random(1)
    noticed = 0
    for _ in range(200):
        place = draw.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :])
        try:
            content = read_checkpoint_file(path)['state_dict']
        except ValueError:
            noticed += 1
        else:
            assert tensor_digest(content) == tensor_digest(TENSORS)
    assert noticed > 150


def test_a_truncated_file_is_an_error_that_names_it(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(TENSORS, path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(ValueError, match=r'a\.pth cannot be read as a checkpoint'):
        read_checkpoint_file(path)


def test_the_digest_sees_names_types_shapes_and_values_but_no_order():
    digest = tensor_digest(TENSORS)
    assert digest == tensor_digest(dict(reversed(TENSORS.items())))
    for other in (
        {**TENSORS, 'weight': TENSORS['weight'].reshape(64, 64)},
        {**TENSORS, 'mask': TENSORS['mask'].to(torch.uint8)},
        {**TENSORS, 'scale': torch.tensor(2.0000002)},
        {'Weight' if key == 'weight' else key: value for key, value in TENSORS.items()},
    ):
        assert tensor_digest(other) != digest


def test_a_file_without_a_checksum_is_read(tmp_path):
    save_file(TENSORS, tmp_path / 'a.safetensors')
    assert tensor_digest(read_checkpoint_file(tmp_path / 'a.safetensors')) == tensor_digest(TENSORS)
    torch.save(TENSORS, tmp_path / 'a.pth', _use_new_zipfile_serialization=False)
    assert tensor_digest(read_checkpoint_file(tmp_path / 'a.pth')) == tensor_digest(TENSORS)


def test_what_mmengine_saves_is_read(tmp_path):
    torch.save(dict(state_dict=TENSORS, message_hub=dict(loss=HistoryBuffer([1.0, 2.0], [1, 1]))), tmp_path / 'a.pth')
    buffer = read_checkpoint_file(tmp_path / 'a.pth')['message_hub']['loss']
    assert buffer.mean() == buffer.statistics('mean') == 1.5


class Reaching:
    """Reaches for a function through an attribute."""

    def __reduce__(self):
        return (getattr, (HistoryBuffer, '__init__'))


def test_attributes_are_not_a_way_to_functions(tmp_path):
    torch.save(dict(state_dict=Reaching()), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match="getattr of '__init__' is not allowed"):
        read_checkpoint_file(tmp_path / 'a.pth')


def test_no_reader_of_mmengine_runs_code(tmp_path):
    torch.save(dict(state_dict=Planted(tmp_path / 'ran')), tmp_path / 'evil.pth')
    address = str(tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match='cannot be read as a checkpoint'):
        CheckpointLoader.load_checkpoint(address)
    module = BaseModule(init_cfg=dict(type='Pretrained', checkpoint=address))
    with pytest.raises(ValueError, match='cannot be read as a checkpoint'):
        module.init_weights()
    assert not (tmp_path / 'ran').exists()
    assert {loader.__module__ for loader in CheckpointLoader._schemes.values()} == {'mmrrsis.checkpoint_file'}
    for scheme in ('open-mmlab', 'torchvision', 'pavi', 's3', 'a:petrel'):
        with pytest.raises(ValueError, match='Download it'):
            CheckpointLoader.load_checkpoint(f'{scheme}://evil.pth')


def test_an_address_is_downloaded_once_and_read_safely(tmp_path, monkeypatch):
    fetched = []
    torch.save(TENSORS, tmp_path / 'source.pth')

    def download(url, target):
        fetched.append(url)
        (tmp_path / 'source.pth').replace(target)

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    for _ in range(2):
        read = CheckpointLoader.load_checkpoint('https://example.org/a/b.pth?x=1')
        assert tensor_digest(read) == tensor_digest(TENSORS)
    assert fetched == ['https://example.org/a/b.pth?x=1']


def test_a_replaced_file_is_the_old_one_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(OSError, match='full'), replace_file(path) as partial:
        partial.write_text('ne')
        assert path.read_text() == 'old'
        raise OSError('full')
    assert [file.name for file in tmp_path.iterdir()] == ['a.txt'] and path.read_text() == 'old'
    with replace_file(path) as partial:
        partial.write_text('new')
    assert [file.name for file in tmp_path.iterdir()] == ['a.txt'] and path.read_text() == 'new'


def test_a_file_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, 'fsync', lambda descriptor: done.append('flush') or fsync(descriptor))
    monkeypatch.setattr(os, 'replace', lambda *names: done.append('rename') or replace(*names))
    with replace_file(tmp_path / 'a') as partial:
        partial.write_text('new')
    assert done == ['flush', 'rename', 'flush']
