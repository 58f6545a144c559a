import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mmrrsis.apis import CheckpointMismatchError, load_checkpoint


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
