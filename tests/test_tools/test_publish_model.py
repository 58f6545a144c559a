# Copyright (c) mmrrsis contributors.
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from mmrrsis.checkpoint import load_checkpoint

TOOL = Path(__file__).parents[2] / 'tools/model_converters/publish_model.py'


def call(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True)


def small_model() -> nn.ModuleDict:
    return nn.ModuleDict(dict(token_embedding=nn.Embedding(5000, 16), head=nn.Linear(16, 2)))


def test_published_weights_are_small_and_the_same(tmp_path):
    torch.manual_seed(0)
    trained = small_model()
    with torch.no_grad():
        trained['token_embedding'].weight[7:] = 0
        trained['token_embedding'].weight[3, :8] = 0  # a number that is zero is not a row that is
    optimizer = torch.optim.Adam(trained.parameters())
    torch.save(
        dict(state_dict=trained.state_dict(), optimizer=optimizer.state_dict(), message_hub={}), tmp_path / 'a.pth'
    )
    done = call(tmp_path / 'a.pth', tmp_path / 'a.safetensors')
    assert done.returncode == 0, done.stderr
    assert '4 tensors' in done.stdout
    assert (tmp_path / 'a.safetensors').stat().st_size < 2000  # the embedding alone takes 160,000 in half precision
    loaded = small_model()
    load_checkpoint(loaded, tmp_path / 'a.safetensors')
    for name, value in trained.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value.half().float()), name


def test_a_full_embedding_stays(tmp_path):
    torch.save(small_model().state_dict(), tmp_path / 'a.pth')
    assert call(tmp_path / 'a.pth', tmp_path / 'a.safetensors').returncode == 0
    assert (tmp_path / 'a.safetensors').stat().st_size > 160_000


def test_another_ending_is_refused(tmp_path):
    done = call(tmp_path / 'a.pth', tmp_path / 'b.pth')
    assert done.returncode == 2 and 'does not end in .safetensors' in done.stderr
