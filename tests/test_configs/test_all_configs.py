# Copyright (c) mmrrsis contributors.
"""Every config builds, and a row of a table differs from its parent in the intended part only."""

from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmrrsis.analysis.ablation_table import find_tables, write_on_other_base
from mmrrsis.engine import check_config
from mmrrsis.registry import MODELS

CONFIGS = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(path for path in CONFIGS.glob('[!_]*/**/*.py'))
TABLES = find_tables(CONFIGS)
# Keys that come and go with a part.
DFSM = [f'neck.layer_selection.{k}' for k in ('type', 'visual_channels', 'sentence_channels', 'candidate_layers')]
MAAM = ('type', 'channels', 'word_channels', 'num_heads', 'norm_cfg.type', 'norm_cfg.num_groups')
DMOLS = [f'decode_head.reconstruction.{k}' for k in ('type', 'channels', 'loss_weight')]
KEPT = {'channels', 'word_channels', 'num_heads'}  # what the plain transformer has as well


def relative(path):
    return str(path.relative_to(CONFIGS))


def flatten(node, path='model'):
    """Map every key path to its value."""
    if isinstance(node, dict):
        return {key: value for name, child in node.items() for key, value in flatten(child, f'{path}.{name}').items()}
    return {} if node is None else {path: node}


def differences(config, parent):
    """Return the key paths that differ between the models of two configs."""
    ours, theirs = (flatten(Config.fromfile(CONFIGS / name).model.to_dict()) for name in (config, parent))
    return {key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)}


@pytest.fixture(autouse=True)
def stochastic_depth_on_the_meta_device(monkeypatch):
    """Swin reads its drop rates from a tensor, which holds no numbers on the meta device."""
    monkeypatch.setattr(torch, 'linspace', partial(torch.linspace, device='cpu'))


@pytest.mark.parametrize('path', LEAVES, ids=relative)
def test_builds_without_memory(path):
    init_default_scope('mmrrsis')
    cfg = Config.fromfile(path)
    check_config(cfg)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    assert all(parameter.is_meta for parameter in model.parameters())


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('*/ablations/*.py')), ids=relative)
def test_rows_state_their_difference_only(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 10 and text.count('=dict(') <= 5


@pytest.mark.parametrize(
    ('config', 'parent', 'expected'),
    [
        ('table4f_dfsm-maam', '../cd2fsan_vitb_rrsisd', {'decode_head.type'}),
        ('table4d_dfsm', 'table4f_dfsm-maam', {f'neck.alignment.{key}' for key in MAAM}),
        ('table4e_dfsm-transformer', 'table4f_dfsm-maam', {f'neck.alignment.{key}' for key in set(MAAM) - KEPT}),
        ('table4a_baseline', 'table4d_dfsm', {'neck.aggregation.num_levels', *DFSM}),
        ('table4b_rfs-4-7-12', 'table4d_dfsm', {'neck.layer_selection.layers', *DFSM}),
        ('table4c_rfs-6-9-12', 'table4b_rfs-4-7-12', {'neck.layer_selection.layers'}),
        ('table5_drc-n1', '../cd2fsan_vitb_rrsisd', {'decode_head.num_bases'}),
        ('table5_drc-n2', '../cd2fsan_vitb_rrsisd', {'decode_head.num_bases'}),
        ('table5_drc-n3', '../cd2fsan_vitb_rrsisd', set()),
        ('table5_drc-n4', '../cd2fsan_vitb_rrsisd', {'decode_head.num_bases'}),
    ],
)  # fmt: skip
def test_rows_of_cd2fsan_differ_in_the_intended_part(config, parent, expected):
    folder = 'cd2fsan/ablations'
    assert differences(f'{folder}/{config}.py', f'{folder}/{parent}.py') == {f'model.{key}' for key in expected}


FULL_BTDNET = '../btdnet_swinb_refsegrs'


@pytest.mark.parametrize(
    ('config', 'parent', 'expected'),
    [
        ('table5_bsc-s1', 'table5_bsc-s12', {'encoder.fusions'}),
        ('table5_bsc-s12', 'table5_bsc-s123', {'encoder.fusions'}),
        ('table5_bsc-s123', FULL_BTDNET, {'encoder.fusions'}),
        ('table5_v2l', FULL_BTDNET, {'encoder.fusions'}),
        ('table6_bg3', FULL_BTDNET, {'decode_head.num_background_tokens'}),
        ('table6_bg7', FULL_BTDNET, {'decode_head.num_background_tokens'}),
        ('table6_bg5-noprior', FULL_BTDNET, {'decode_head.use_prior'}),
        ('table7_fg-re', FULL_BTDNET, {'decode_head.background_stream'}),
        ('table7_fg-bg', FULL_BTDNET, {'encoder.encode_reference', *DMOLS}),
        ('table7_fg', 'table7_fg-bg', {'encoder.encode_masked', 'decode_head.background_stream'}),
        ('fig9_pwam', FULL_BTDNET, {'encoder.fusions'}),
        ('fig9_wpa', FULL_BTDNET, {'encoder.fusions'}),
        ('fig9_iim', FULL_BTDNET, {'encoder.fusions'}),
        ('fig10_lgce', FULL_BTDNET, {'neck.type'}),
        ('fig10_cim', FULL_BTDNET, {'neck.type', 'neck.grid_size'}),
    ],
)
def test_rows_of_btdnet_differ_in_the_intended_part(config, parent, expected):
    folder = 'btdnet/ablations'
    assert differences(f'{folder}/{config}.py', f'{folder}/{parent}.py') == {f'model.{key}' for key in expected}


def test_fusions_of_the_rows_are_the_papers():
    def fusions(stem):
        found = Config.fromfile(CONFIGS / 'btdnet/ablations' / f'{stem}.py').model.encoder.fusions
        return [fusion and fusion['type'] for fusion in found]

    assert fusions(FULL_BTDNET) == fusions('table5_v2l') == ['BSC'] * 4
    assert fusions('table5_bsc-s1') == ['BSC', None, None, None]
    assert fusions('table5_bsc-s12') == ['BSC', 'BSC', None, None]
    assert fusions('table5_bsc-s123') == ['BSC', 'BSC', 'BSC', None]
    assert [fusions(f'fig9_{name.lower()}') for name in ('PWAM', 'WPA', 'IIM')] == [
        [name] * 4 for name in ('PWAM', 'WPA', 'IIM')
    ]


def test_layers_and_bases_of_the_rows_are_the_papers():
    def model(stem):
        return Config.fromfile(CONFIGS / 'cd2fsan/ablations' / f'{stem}.py').model

    assert model('table4b_rfs-4-7-12').neck.layer_selection.layers == (4, 7, 12)
    assert model('table4c_rfs-6-9-12').neck.layer_selection.layers == (6, 9, 12)
    assert [model(f'table5_drc-n{n}').decode_head.num_bases for n in (1, 2, 4)] == [1, 2, 4]


@pytest.mark.parametrize(
    ('stem', 'millions'),
    [
        ('ablations/table4a_baseline', 183.84),
        ('ablations/table4d_dfsm', 186.28),
        ('ablations/table4f_dfsm-maam', 192.09),
        ('cd2fsan_vitb_rrsisd', 197.54),
    ],
)
def test_parameters_are_within_three_percent_of_table_6(stem, millions):
    init_default_scope('mmrrsis')
    with torch.device('meta'):
        model = MODELS.build(Config.fromfile(CONFIGS / 'cd2fsan' / f'{stem}.py').model)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, rel=0.03)


ROWS = [(table, row) for table in TABLES.values() for row in table.rows]


@pytest.mark.parametrize(('table', 'row'), ROWS, ids=[f'{table.key}-{row.config.stem}' for table, row in ROWS])
def test_rows_run_in_small_size(table, row, tmp_path):
    init_default_scope('mmrrsis')
    cfg = Config.fromfile(write_on_other_base(row.config, table.full, table.tiny, tmp_path))
    cfg.merge_from_dict(row.tiny)
    check_config(cfg)
    tiny = Config.fromfile(table.tiny)
    towers = ('arch', 'image_size', 'image', 'text')
    assert [cfg.model.encoder.get(key) for key in towers] == [tiny.model.encoder.get(key) for key in towers]
    assert cfg.train_dataloader == tiny.train_dataloader
    full_types = {k: v for k, v in flatten(Config.fromfile(row.config).model.to_dict()).items() if k.endswith('.type')}
    assert {k: v for k, v in flatten(cfg.model.to_dict()).items() if k.endswith('.type')} == full_types
    model = MODELS.build(cfg.model).eval()
    assert model.neck is not None


@pytest.mark.parametrize(
    ('method', 'full', 'optimizer', 'towers', 'rate'),
    [
        ('cd2fsan', 'cd2fsan_vitb_rrsisd', torch.optim.Adam, ('encoder.',), 5e-5),
        ('btdnet', 'btdnet_swinb_rrsisd', torch.optim.AdamW, ('encoder.image', 'encoder.text'), 1e-4),
    ],
)
def test_pretrained_towers_learn_at_a_tenth_of_the_rate(method, full, optimizer, towers, rate):
    init_default_scope('mmrrsis')
    model = MODELS.build(Config.fromfile(CONFIGS / method / f'{method}_tiny_synthrs.py').model)
    settings = Config.fromfile(CONFIGS / method / f'{full}.py').optim_wrapper
    cfg = ConfigDict(type='OptimWrapper', optimizer=settings.optimizer, paramwise_cfg=settings.paramwise_cfg)
    wrapper = build_optim_wrapper(model, cfg)
    assert type(wrapper.optimizer) is optimizer
    rates = {id(p): group['lr'] for group in wrapper.optimizer.param_groups for p in group['params']}
    for name, parameter in model.named_parameters():
        assert rates[id(parameter)] == pytest.approx(rate / 10 if name.startswith(towers) else rate), name
