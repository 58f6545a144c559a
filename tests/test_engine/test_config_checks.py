# Copyright (c) mmrrsis contributors.
import sys

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmrrsis.engine import (
    ConfigError,
    check_config,
    check_custom_keys,
    check_tokenizers,
    explain_config_errors,
    load_config,
)
from mmrrsis.registry import HOOKS, VISUALIZERS


@pytest.mark.parametrize(
    ('written', 'meant'),
    [
        ('train_dataloder', 'train_dataloader'),
        ('optim_wraper', 'optim_wrapper'),
        ('custom_hook', 'custom_hooks'),
        ('randomnes', 'randomness'),
        ('load_form', 'load_from'),
    ],
)
def test_misspelt_top_level_key_gets_a_suggestion(written, meant):
    with pytest.raises(ConfigError, match=f'Unknown config key `{written}`. Did you mean `{meant}`'):
        check_config(Config({written: {}}))


def test_helper_variables_are_allowed():
    helpers = 'val_dataset train_dataset test_dataset norm_cfg channels crop_size vis_backends batch_size tta_pipeline'
    check_config(Config(dict.fromkeys(helpers.split(), 1)))


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(env_cfg=dict(cudnn_benchmrk=True)), '`env_cfg.cudnn_benchmrk`. Did you mean `env_cfg.cudnn_benchmark`'),
        (dict(env_cfg=dict(mp_cfg=dict(threads=0))), '`env_cfg.mp_cfg.threads`. Known are mp_start_method'),
        (
            dict(optim_wrapper=dict(paramwise_cfg=dict(custom_key={}))),
            '`optim_wrapper.paramwise_cfg.custom_key`. Did you mean `optim_wrapper.paramwise_cfg.custom_keys`',
        ),
        (
            dict(default_hooks=dict(checkpiont={})),
            '`default_hooks.checkpiont`. Did you mean `default_hooks.checkpoint`',
        ),
    ],
)
def test_keys_that_nothing_reads_are_errors_in_closed_dicts(cfg, message):
    with pytest.raises(ConfigError) as error:
        check_config(Config(cfg))
    assert message in str(error.value)


def test_own_default_hooks_are_allowed():
    check_config(Config(dict(default_hooks=dict(ema=dict(type='EMAHook')))))


def test_custom_keys_must_match_a_parameter():
    model = nn.ModuleDict(dict(encoder=nn.Linear(1, 1), neck=nn.Linear(1, 1)))
    cfg = Config(dict(optim_wrapper=dict(paramwise_cfg=dict(custom_keys={'encoder': dict(lr_mult=0.1)}))))
    check_custom_keys(cfg, model)
    check_custom_keys(Config(dict(model={})), model)
    cfg.optim_wrapper.paramwise_cfg.custom_keys = {'encodr': dict(lr_mult=0.1)}
    with pytest.raises(ConfigError, match=r'the entry `encodr`.*Parameter names begin with encoder, neck'):
        check_custom_keys(cfg, model)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmrrsis')


def test_unknown_type_is_located():
    cfg = Config(dict(hooks=[dict(type='IterTimerHook'), dict(type='ReferringVisualisationHook')]))
    with pytest.raises(ConfigError) as error, explain_config_errors(cfg):
        for hook in cfg.hooks:
            HOOKS.build(hook)
    assert '`hooks[1].type` is `ReferringVisualisationHook`' in str(error.value)
    assert 'Did you mean `ReferringVisualizationHook`?' in str(error.value)


def test_unexpected_argument_is_located():
    other = dict(type='IterTimerHook', drow=1)
    cfg = Config(dict(other=other, custom_hooks=[dict(type='ReferringVisualizationHook', drow=True)]))
    with pytest.raises(ConfigError, match=r'`custom_hooks\[0\].drow`: ReferringVisualizationHook takes no argument'):
        with explain_config_errors(cfg):
            HOOKS.build(cfg.custom_hooks[0])


def test_argument_handed_on_to_a_base_class_is_located():
    cfg = Config(dict(visualizer=dict(type='ReferringVisualizer', name='test_explain', vis_backend=[])))
    with pytest.raises(ConfigError, match=r'`visualizer.vis_backend`: .* takes no argument `vis_backend`'):
        with explain_config_errors(cfg):
            VISUALIZERS.build(cfg.visualizer)


def test_other_errors_pass_unchanged():
    with pytest.raises(KeyError, match=r'own'), explain_config_errors(Config(dict(a=1))):
        raise KeyError('own')
    with pytest.raises(TypeError, match=r'own'), explain_config_errors(Config(dict(a=1))):
        raise TypeError('own')


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a package that no path leads to."""
    (tmp_path / 'configs/deep').mkdir(parents=True)
    (tmp_path / 'a_lonely_method').mkdir()
    (tmp_path / 'a_lonely_method/__init__.py').write_text('')
    config = tmp_path / 'configs/deep/own.py'
    config.write_text("custom_imports = dict(imports=['a_lonely_method'])\nwidth = 3\n")
    monkeypatch.setattr(sys, 'path', list(sys.path))
    yield config
    sys.modules.pop('a_lonely_method', None)


def test_config_of_a_project_finds_its_package(project):
    assert load_config(project).width == 3
    assert 'a_lonely_method' in sys.modules
    assert sys.path[-1] == str(project.parents[2])  # last: it hides nothing
    load_config(project)
    assert sys.path.count(str(project.parents[2])) == 1


def test_config_without_modules_of_its_own_leaves_the_path_alone(project):
    project.write_text('width = 3\n')
    before = list(sys.path)
    assert load_config(str(project)).width == 3 and sys.path == before


def test_missing_module_of_a_config_is_named_with_where_it_was_looked_for(project):
    (project.parents[2] / 'a_lonely_method/__init__.py').write_text('import a_module_that_is_nowhere')
    with pytest.raises(ConfigError) as error:
        load_config(project)
    assert '`custom_imports` of' in str(error.value) and "No module named 'a_module_that_is_nowhere'" in str(
        error.value
    )
    assert f'looked for in {project.parents[2]}, the folder above `configs/`' in str(error.value)
    elsewhere = project.parents[2] / 'moved.py'
    elsewhere.write_text(project.read_text().replace('a_lonely_method', 'a_method_that_is_nowhere'))
    with pytest.raises(ConfigError, match='Keep the config under the folder `configs/` of a project'):
        load_config(elsewhere)


@pytest.mark.parametrize('value', [float('nan'), '.nan', '-NaN'])
def test_what_is_not_a_number_is_named(value):
    cfg = Config(dict(optim_wrapper=dict(optimizer=dict(type='Adam', lr=value))))
    with pytest.raises(ConfigError, match=r'`optim_wrapper.optimizer.lr` is .* not a number'):
        check_config(cfg)


def test_numbers_of_the_optimizer_are_no_text():
    for value in ('1e-4x', float('inf')):
        cfg = Config(dict(optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-4, weight_decay=value))))
        with pytest.raises(ConfigError, match=r'`optim_wrapper.optimizer.weight_decay` must be a finite number'):
            check_config(cfg)


class Tower(nn.Module):
    reads_tokens_of = 'CLIPTokenizer'


def test_a_tokenizer_that_the_text_tower_does_not_read_is_named():
    def cfg(name):
        steps = [dict(type='ChooseExpression'), dict(type='TokenizeExpression', tokenizer=dict(type=name))]
        return Config(dict(train_dataloader=dict(dataset=dict(pipeline=steps))))

    model = nn.Sequential(nn.Linear(1, 1), Tower())
    check_tokenizers(cfg('CLIPTokenizer'), model)
    check_tokenizers(cfg('TokenizerOfMyOwn'), model)
    check_tokenizers(cfg('BERTTokenizer'), nn.Linear(1, 1))
    expected = r'dataset.pipeline\[1\].tokenizer.type` is BERTTokenizer, but the text tower Tower reads'
    with pytest.raises(ConfigError, match=expected):
        check_tokenizers(cfg('BERTTokenizer'), model)
