# Copyright (c) mmrrsis contributors.
import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import PixelData

from mmrrsis.apis import init_segmentor
from mmrrsis.datasets import expression_kind
from mmrrsis.datasets.synthesis.dataset_settings import DatasetSettings, write_dataset
from mmrrsis.images import read_image
from mmrrsis.models.necks.layer_selection import LayerSelection
from mmrrsis.structures import ReferringDataSample, ReferringText

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TINY = ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('plot_results_under_test', ROOT / 'tools/analysis/plot_results.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(expression):
    data_sample = ReferringDataSample()
    data_sample.text = ReferringText(torch.zeros(2, dtype=torch.long), torch.ones(2, dtype=torch.bool), expression)
    data_sample.gt_mask = PixelData(data=torch.ones(1, 4, 4, dtype=torch.bool))
    return dict(inputs=torch.zeros(3, 4, 4), data_samples=data_sample)


class Selection:
    """Layers 3 and 5 where the expression says "red", else 4 and 5; the last layer, 6, always."""

    candidate_layers = (3, 4, 5)

    def __init__(self, scored=True):
        self.scored = scored

    def __call__(self, features):
        layers = torch.tensor([[3 if 'red' in raw else 4, 5, 6] for raw in features.raw])
        return LayerSelection(features=(), layers=layers, scores=torch.ones(1, 3) if self.scored else None)


def stub_model(selection):
    neck = SimpleNamespace() if selection is None else SimpleNamespace(layer_selection=selection)
    preprocessor = BaseDataPreprocessor()
    return SimpleNamespace(neck=neck, encoder=lambda images, text: text, data_preprocessor=preprocessor)


def test_layers_are_counted_by_kind(tool):
    texts = ('the ship above the dam', 'a red ship', 'a gray ship', 'the red car', 'red ship near a dam', 'unasked')
    dataset = [sample(text) for text in texts]
    counts = tool.count_layers(stub_model(Selection()), dataset, range(5))
    assert counts.candidate_layers == (3, 4, 5)
    assert list(counts.samples.items()) == [('colour', 3), ('relation', 2)], 'in the order of the kinds'
    assert counts.chosen == {'colour': [2, 1, 3], 'relation': [1, 1, 2]}


def test_models_that_choose_nothing_are_named(tool):
    with pytest.raises(ValueError, match=r'The neck of the model, SimpleNamespace, has no part `layer_selection`'):
        tool.count_layers(stub_model(None), [sample('a')], [0])
    with pytest.raises(ValueError, match=r'`model.neck.layer_selection`, Selection, takes the same layers for every'):
        tool.count_layers(stub_model(Selection(scored=False)), [sample('a')], [0])


def test_samples_are_chosen_at_random_or_by_their_iou(tool):
    ids = [f's{index}' for index in range(50)]
    chosen = tool.choose_samples(ids, 5, seed=0)
    assert len(set(chosen)) == 5 and chosen == sorted(chosen, key=ids.index)
    assert chosen == tool.choose_samples(ids, 5, seed=0) != tool.choose_samples(ids, 5, seed=1)
    assert tool.choose_samples(ids, 99, seed=0) == ids
    ious = [0.5] * 50
    ious[7], ious[40], ious[3] = 0.2, 0.0, 0.3
    assert tool.choose_samples(ids, 3, 0, ious) == ['s40', 's7', 's3']
    ties = {tuple(tool.choose_samples(ids, 4, seed, ious)) for seed in range(9)}
    assert len(ties) > 1, 'equal ones are not taken from the beginning of the split'


def test_names_of_models(tool):
    assert tool.name_models(None, [Path('runs/a.json'), Path('b.json')]) == ['a', 'b']
    assert tool.name_models(['x', 'y'], [Path('a.json'), Path('b.json')]) == ['x', 'y']
    with pytest.raises(ValueError, match=r'There are 1 --labels for 2 models'):
        tool.name_models(['x'], [Path('a.json'), Path('b.json')])
    with pytest.raises(ValueError, match=r"Several models are called 'metrics'. Give each a name of its own"):
        tool.name_models(None, [Path('a/metrics.json'), Path('b/metrics.json')])


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['sizes', 'a.json', '--out', 'a.docx'], "'a.docx' has no suffix of a picture"),
        (['grid', 'a.py', 'a.pth', 'b.py', '--out', 'a.png'], 'pairs of CONFIG and CHECKPOINT but got 3 files'),
        (['grid', 'a.py', 'a.pth', '--ids', 'x', '--failures', '--out', 'a.png'], '--ids names the samples'),
        (['grid', 'a.py', 'a.pth', '--ids', 'x', '--seed', '0', '--out', 'a.png'], '--ids names the samples'),
        (['layers', 'a.py', 'a.pth', '--samples', '0', '--out', 'a.png'], '0 is not above 0'),
        (['layers', 'a.py', 'a.pth'], '--out'),
    ],
)
def test_wrong_options_are_said_before_anything_is_read(tool, capsys, arguments, words):
    with pytest.raises(SystemExit):
        tool.main(arguments)
    assert words in capsys.readouterr().err


def test_sizes_and_costs_from_files(tool, tmp_path, monkeypatch, capsys):
    drawn = {}
    for name in ('draw_size_bars', 'draw_cost_bubbles'):
        draw = getattr(tool, name)
        monkeypatch.setattr(tool, name, lambda *given, draw=draw, name=name: drawn.setdefault(name, draw(*given)))
    for name, score in (('one', 40.0), ('two', 60.0)):
        (tmp_path / f'{name}.json').write_text(json.dumps({'mIoU_small': score, 'oIoU_small': score / 2}))
    tool.main(['sizes', f'{tmp_path}/one.json', f'{tmp_path}/two.json', '--out', f'{tmp_path}/sizes.png'])
    assert [bars[0].get_height() for bars in drawn['draw_size_bars'].axes[1].containers] == [40.0, 60.0]
    (tmp_path / 'costs.json').write_text('[{"name": "a", "gmacs": 1, "params_m": 2, "score": 3}]')
    out = ['--out', f'{tmp_path}/cost.png', '--title', 'Cost!', '--score', 'oIoU (%)']
    tool.main(['cost', f'{tmp_path}/costs.json', *out])
    assert drawn['draw_cost_bubbles'].get_suptitle() == 'Cost!'
    assert drawn['draw_cost_bubbles'].axes[0].get_ylabel() == 'oIoU (%)'
    assert capsys.readouterr().out.split() == [f'{tmp_path}/sizes.png', f'{tmp_path}/cost.png']
    assert all(read_image(tmp_path / name).std() > 5 for name in ('sizes.png', 'cost.png'))


@pytest.fixture
def stubs(tmp_path, monkeypatch):
    """Two checkpoints of the stub model: one follows the expression, one always says "left"."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.chdir(tmp_path)
    encoder = {'encoder.weight': torch.ones(2, 1), 'encoder.bias': torch.zeros(2)}
    follows = {'head.weight': torch.tensor([[-5.0, 0.0], [5.0, 0.0]]), 'head.bias': torch.zeros(2)}
    left = {'head.weight': torch.zeros(2, 2), 'head.bias': torch.tensor([5.0, -5.0])}
    torch.save({**encoder, **follows}, 'follows.pth')
    torch.save({**encoder, **left}, 'left.pth')
    config = str(HERE / 'stub_config.py')
    return [config, 'follows.pth', config, 'left.pth', '--labels', 'follows', 'left']


@pytest.fixture
def rows(tool, monkeypatch):
    """What the grid draws, by (expression, IoU of each model)."""
    rows = []
    draw = tool.draw_comparison_grid

    def spy(given, models, title):
        rows.extend((row[0].expression, *(sample.iou for sample in row)) for row in given)
        rows.append(title)
        return draw(given, models, title)

    monkeypatch.setattr(tool, 'draw_comparison_grid', spy)
    return rows


def test_grid_of_named_samples(tool, stubs, rows):
    tool.main(['grid', *stubs, '--ids', '3', '0', '--split', 'test', '--out', 'grid.png'])
    assert rows == [('right', 1.0, 0.0), ('left', 1.0, 1.0), 'Predictions, Stub test']
    assert read_image('grid.png').shape[1] > 1500


def test_grid_of_failures_of_the_last_model(tool, stubs, rows):
    tool.main(['grid', *stubs, '--failures', '--samples', '2', '--out', 'grid.png'])
    assert rows == [('right', 1.0, 0.0)] * 2 + ['Samples with the lowest IoU of left, Stub val']


def test_grid_names_unknown_samples(tool, stubs):
    with pytest.raises(ValueError, match=r"stub_config.py has no sample '7' in this split. Its ids look like \d, \d"):
        tool.main(['grid', *stubs, '--ids', '7', '--out', 'grid.png'])
    assert not Path('grid.png').exists()


def test_grid_says_when_names_are_missing(tool, stubs):
    with pytest.raises(ValueError, match=r"Several models are called 'stub_config'"):
        tool.main(['grid', *stubs[:4], '--out', 'grid.png'])


def test_layers_of_the_tiny_model(tool, tmp_path):
    write_dataset(tmp_path / 'data', DatasetSettings('rrsisd', 'easy', 1, 3, 1, 0, 128), 1)
    torch.manual_seed(0)
    options = {'val_dataloader.dataset.data_root': str(tmp_path / 'data')}
    model = init_segmentor(TINY, cfg_options=options)
    torch.save(model.state_dict(), tmp_path / 'model.pth')
    given = ['--cfg-options', *(f'{key}={value}' for key, value in options.items())]
    tool.main(['layers', str(TINY), str(tmp_path / 'model.pth'), '--out', str(tmp_path / 'out/layers.png'), *given])
    assert read_image(tmp_path / 'out/layers.png').std() > 5
    written = json.loads((tmp_path / 'out/layers.json').read_text())

    # The same in one batch, by way of the model itself.
    seen = []
    model.neck.layer_selection.register_forward_hook(lambda *call: seen.append(call[-1].layers))
    dataset = tool.build_dataset(model.cfg, 'val')
    batch = pseudo_collate([dataset[index] for index in range(len(dataset))])
    with torch.no_grad():
        samples = model.test_step(batch)
    kinds = {}
    for sample, layers in zip(samples, seen[0].tolist(), strict=True):
        kind = kinds.setdefault(
            expression_kind(sample.text.raw), dict(samples=0, layers={str(layer): 0 for layer in range(3, 8)})
        )
        kind['samples'] += 1
        for layer in layers[:2]:
            kind['layers'][str(layer)] += 1
    assert written['kinds'] == kinds
    assert written['samples'] == len(dataset) and written['candidate_layers'] == [3, 4, 5, 6, 7]
    assert written['split'] == 'val' and written['config'] == str(TINY)
