# Copyright (c) mmrrsis contributors.
import pytest
import torch
from mmengine.logging import HistoryBuffer
from safetensors.torch import save_file
from torch import nn

from mmrrsis.checkpoint import CheckpointMismatchError, load_checkpoint, read_state_dict


class Wider(nn.Module):
    """Has `stem` in another width than the plain model, and `extra` instead of `head`."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(3, 8)
        self.extra = nn.Linear(2, 2, bias=False)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(3, 4)
        self.head = nn.Linear(4, 1, bias=False)


def fill(model, value):
    for parameter in model.parameters():
        nn.init.constant_(parameter, value)
    return model


def all_equal(model, value):
    return all((parameter == value).all() for parameter in model.parameters())


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_loads_what_the_runner_saves(tmp_path, prefix):
    state_dict = {prefix + key: value for key, value in fill(Plain(), 3.0).state_dict().items()}
    buffer = HistoryBuffer([1.0, 2.0], [1, 1])
    content = dict(
        meta=dict(epoch=1, cfg='x = 1'), state_dict=state_dict, message_hub=dict(log_scalars={'loss': buffer})
    )
    torch.save(content, tmp_path / 'epoch_1.pth')
    model = fill(Plain(), 0.0)
    load_checkpoint(model, tmp_path / 'epoch_1.pth')
    assert all_equal(model, 3.0)


def test_loads_bare_state_dicts_and_safetensors(tmp_path):
    torch.save(fill(Plain(), 5.0).state_dict(), tmp_path / 'a.pth')
    save_file(fill(Plain(), 6.0).state_dict(), tmp_path / 'a.safetensors')
    for name, value in (('a.pth', 5.0), ('a.safetensors', 6.0)):
        model = fill(Plain(), 0.0)
        load_checkpoint(model, tmp_path / name)
        assert all_equal(model, value)


def test_other_architecture_is_refused_and_every_difference_named(tmp_path):
    torch.save(Wider().state_dict(), tmp_path / 'a.pth')
    model = fill(Plain(), 1.0)
    with pytest.raises(CheckpointMismatchError) as error:
        load_checkpoint(model, tmp_path / 'a.pth')
    message = str(error.value)
    assert 'a.pth does not fit the model Plain' in message
    assert 'missing in the checkpoint (1):\n    head.weight' in message
    assert 'unexpected in the checkpoint (1):\n    extra.weight' in message
    assert 'stem.weight: checkpoint (8, 3), model (4, 3)' in message
    assert all_equal(model, 1.0), 'nothing is loaded'


def test_one_missing_key_is_enough(tmp_path):
    state_dict = Plain().state_dict()
    del state_dict['head.weight']
    torch.save(state_dict, tmp_path / 'a.pth')
    with pytest.raises(CheckpointMismatchError, match=r'missing'):
        load_checkpoint(Plain(), tmp_path / 'a.pth')


def test_long_lists_are_cut_but_counted(tmp_path):
    torch.save({f'layer{i}': torch.zeros(1) for i in range(20)}, tmp_path / 'a.pth')
    with pytest.raises(CheckpointMismatchError) as error:
        load_checkpoint(Plain(), tmp_path / 'a.pth')
    assert 'unexpected in the checkpoint (20)' in str(error.value)
    assert 'and 12 more' in str(error.value)


class Evil:
    def __reduce__(self):
        return (print, ('code ran while unpickling',))


def test_files_that_are_no_checkpoint_are_refused(tmp_path, capsys):
    with pytest.raises(FileNotFoundError, match=r'no checkpoint .*none.pth'):
        load_checkpoint(Plain(), tmp_path / 'none.pth')
    (tmp_path / 'text.pth').write_text('hello')
    with pytest.raises(ValueError, match=r'text.pth cannot be read as a checkpoint'):
        load_checkpoint(Plain(), tmp_path / 'text.pth')
    torch.save(dict(state_dict=Evil()), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match=r'evil.pth cannot be read as a checkpoint'):
        load_checkpoint(Plain(), tmp_path / 'evil.pth')
    assert 'code ran' not in capsys.readouterr().out
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match=r'list.pth holds no state dict'):
        load_checkpoint(Plain(), tmp_path / 'list.pth')
    (tmp_path / 'text.safetensors').write_text('hello')
    with pytest.raises(ValueError, match=r'text.safetensors cannot be read as a checkpoint'):
        load_checkpoint(Plain(), tmp_path / 'text.safetensors')


def test_embedding_is_unpacked_and_other_rows_become_zero(tmp_path):
    model = nn.ModuleDict(dict(words=nn.Embedding(6, 3), head=nn.Linear(3, 1)))
    rows = torch.tensor([[1.0, 2, 3], [4, 5, 6]])
    packed = {
        'words.rows': rows.half(),
        'words.row_ids': torch.tensor([4, 1]),
        'head.weight': torch.ones(1, 3),
        'head.bias': torch.zeros(1),
    }
    save_file(packed, tmp_path / 'a.safetensors')
    load_checkpoint(model, tmp_path / 'a.safetensors')
    expected = torch.zeros(6, 3)
    expected[4], expected[1] = rows
    torch.testing.assert_close(model['words'].weight.data, expected)
    save_file({**packed, 'tail.rows': rows, 'tail.row_ids': torch.tensor([0, 1])}, tmp_path / 'b.safetensors')
    with pytest.raises(CheckpointMismatchError, match=r'unexpected in the checkpoint \(2\)'):
        load_checkpoint(model, tmp_path / 'b.safetensors')


class Wrapped(nn.Module):
    """What MMEngine's wrapper for several processes looks like from outside."""

    def __init__(self, model):
        super().__init__()
        self.module = model


def test_a_wrapper_for_several_processes_is_unwrapped(tmp_path, monkeypatch):
    torch.save(fill(Plain(), 2.0).state_dict(), tmp_path / 'a.pth')
    model = fill(Plain(), 0.0)
    monkeypatch.setattr('mmrrsis.checkpoint.is_model_wrapper', lambda model: isinstance(model, Wrapped))
    load_checkpoint(Wrapped(model), tmp_path / 'a.pth')
    assert all_equal(model, 2.0)


def linear_file(tmp_path, change=lambda state: state):
    model = nn.Sequential(nn.Linear(3, 2))
    torch.save(dict(state_dict=change(model.state_dict())), tmp_path / 'a.pth')
    return model, tmp_path / 'a.pth'


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_parameters_that_are_not_finite_are_refused(tmp_path, value):
    def spoil(state):
        return {**state, '0.bias': torch.tensor([0.0, value])}

    model, path = linear_file(tmp_path, spoil)
    with pytest.raises(ValueError, match=r'(?s)a.pth has parameters with NaN or infinity.*0.bias.*earlier checkpoint'):
        load_checkpoint(model, path)


def test_buffers_may_hold_infinity(tmp_path):
    model = nn.Linear(2, 2)
    model.register_buffer('mask', torch.full((2,), -torch.inf))
    torch.save(model.state_dict(), tmp_path / 'a.pth')
    load_checkpoint(model, tmp_path / 'a.pth')


@pytest.mark.parametrize('prefix', ['_orig_mod.', 'module._orig_mod.', '_orig_mod.module.'])
def test_checkpoints_of_compiled_models_load(tmp_path, prefix):
    model, path = linear_file(tmp_path, lambda state: {prefix + key: value + 1 for key, value in state.items()})
    expected = model[0].bias.detach() + 1
    load_checkpoint(model, path)
    torch.testing.assert_close(model[0].bias.detach(), expected)


@pytest.mark.parametrize('name', ['a.pth', 'a.safetensors'])
@pytest.mark.parametrize(
    'content, words',
    [
        (b'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n', r'pointer of Git LFS.*git lfs pull'),
        (b'\n<!DOCTYPE html><html></html>', r'is a web page, not a checkpoint'),
        (b'', r'it is empty'),
    ],
)
def test_what_stands_in_the_place_of_a_checkpoint_is_named(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_state_dict(tmp_path / name)
