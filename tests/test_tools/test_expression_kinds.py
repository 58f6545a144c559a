# Copyright (c) mmrrsis contributors.
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.structures import PixelData

from mmrrsis.structures import ReferringDataSample

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis/expression_kinds.py'
#: Image, columns of the target, expression, columns that are predicted with 0.9; all others have 0.1.
SAMPLES = (
    ('a.png', slice(0, 4), 'the red ship', slice(0, 4)),  # IoU 1, preferred
    ('a.png', slice(4, 8), 'the ship on the left', slice(0, 2)),  # IoU 0, the other target preferred
    ('b.png', slice(0, 4), 'a green dock', slice(2, 6)),  # IoU 1/3; alone in its image
)


class Scenes:
    def __len__(self):
        return len(SAMPLES)

    def get_data_info(self, index):
        image, target, expression, _ = SAMPLES[index]
        category = 'dock' if 'dock' in expression else 'ship'
        return dict(img_path=image, target_id=str(target), expressions=[expression], category=category)

    def __getitem__(self, index):
        return dict(inputs=torch.tensor(index), data_samples=None)


def predict(batch):
    (index,) = batch['inputs']
    _, target, _, predicted = SAMPLES[index]
    truth = torch.zeros(1, 8, 8, dtype=torch.bool)
    truth[..., target] = True
    probability = torch.full((1, 4, 8), 0.1)
    probability[..., predicted] = 0.9
    sample = ReferringDataSample(gt_mask=PixelData(data=truth))
    sample.pred_mask = PixelData(data=probability > 0.5, probability=probability)
    return [sample]


@pytest.fixture
def tool(monkeypatch):
    spec = importlib.util.spec_from_file_location('expression_kinds_under_test', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = SimpleNamespace(cfg=None, test_step=predict)
    monkeypatch.setattr(module, 'init_segmentor', lambda *args: model)
    monkeypatch.setattr(module, 'build_dataset', lambda cfg, split: Scenes())
    return module


def test_scores_are_listed_by_the_kind_of_the_expression(tool, monkeypatch, capsys):
    monkeypatch.setattr('sys.argv', ['expression_kinds.py', 'config.py', 'a.pth'])
    tool.main()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith('|')]
    rows = {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.strip('|').split('|')] for line in lines)}
    # Samples, mIoU, Pr@0.5, share whose target is preferred, by chance: only images with two targets count for these.
    assert rows['colour'] == ['2', '66.7', '50.0', '100.0', '50.0']
    assert rows['position'] == ['1', '0.0', '0.0', '0.0', '50.0']
    assert rows['all'] == ['3', '44.4', '33.3', '50.0', '50.0']
    # By category, where the green dock stands alone, and by size: each target is half of its image.
    assert rows['dock'] == ['1', '33.3', '0.0', 'nan', 'nan']
    assert rows['ship'] == ['2', '50.0', '50.0', '50.0', '50.0']
    assert rows['more'] == rows['all'] and 'up to 8%' not in rows
