# Copyright (c) mmrrsis contributors.
import json
from pathlib import Path

import pytest

from mmrrsis.cli import quickstart as module
from mmrrsis.package_files import packaged_folder


@pytest.fixture
def quickstart():
    assert module.ROOT == packaged_folder('tools').resolve().parent
    return module


class Tools:
    """Stands for the called scripts: writes what they write and keeps the calls."""

    def __init__(self):
        self.calls = []
        self.failing = None

    def __call__(self, script, *arguments):
        arguments = [str(argument) for argument in arguments]
        self.calls.append((script, arguments))
        if script == self.failing:
            raise RuntimeError(f'{script} failed')

        def value(option):
            return Path(arguments[arguments.index(option) + 1])

        if 'dataset_converters' in script:
            value('--out').mkdir(parents=True, exist_ok=True)
            (value('--out') / ('synthrs.json' if script.endswith('synthrs.py') else 'vhr10.json')).touch()
        elif script.endswith('train.py'):
            (value('--work-dir') / 'best_mIoU_epoch_3.pth').touch()
        elif script.endswith('test.py'):
            shuffled = '--shuffle-expressions' in arguments
            value('--out').write_text(json.dumps(dict(mIoU=10.0 if shuffled else 50.0, oIoU=60.0)))
        else:
            value('--out-file' if '--out-file' in arguments else '--out').touch()

    @property
    def scripts(self):
        return [Path(script).name for script, _ in self.calls]


ALL = [
    *('synthrs.py', 'train.py', 'test.py', 'test.py'),
    *('contact_sheet.py', 'training_curves.py', 'image_demo.py'),
]


@pytest.fixture
def tools(quickstart, monkeypatch):
    tools = Tools()
    monkeypatch.setattr(quickstart, 'call', tools)
    return tools


@pytest.fixture
def run(quickstart, tools, tmp_path):
    def run(*arguments):
        tools.calls.clear()
        fixed = ['--work-dir', str(tmp_path / 'work'), '--data-dir', str(tmp_path / 'data/synthrs')]
        return quickstart.run(quickstart.parse_args([*fixed, *arguments]))

    return run


def test_first_run_runs_everything_and_the_second_nothing(run, tools, tmp_path):
    first = run('--environment-seconds', '90')
    assert tools.scripts == ALL
    assert (first['mIoU'], first['oIoU'], first['mIoU_shuffled']) == (50.0, 60.0, 10.0)
    assert first['seed'] == 0
    phases = {'environment', 'data', 'train', 'metrics', 'metrics_shuffled', 'pictures'}
    assert set(first['seconds']) == phases
    assert first['seconds']['environment'] == 90
    assert json.loads((tmp_path / 'work/summary.json').read_text()) == first
    second = run('--environment-seconds', '1')
    assert tools.scripts == []
    assert second == first, 'the seconds of phases that are done are kept'


def test_an_interrupted_run_goes_on_with_the_phase_that_failed(run, tools):
    tools.failing = 'tools/train.py'
    with pytest.raises(RuntimeError, match=r'train.py failed'):
        run()
    tools.failing = None
    run()
    assert tools.scripts == ALL[1:]
    assert '--resume' in tools.calls[0][1]


def test_a_lost_output_is_made_again(run, tools, tmp_path):
    run()
    (tmp_path / 'work/metrics_shuffled.json').unlink()
    run()
    assert tools.scripts == ['test.py']
    assert '--shuffle-expressions' in tools.calls[0][1]


@pytest.mark.parametrize(('option', 'name'), [('--train', 'data'), ('--iters', 'iters')])
def test_other_settings_are_not_mixed(run, tools, option, name):
    run()
    with pytest.raises(RuntimeError, match=rf'holds a run with other settings: {name} .*--restart'):
        run(option, '7')
    assert tools.scripts == []
    run(option, '7', '--restart')
    assert tools.scripts == ALL


def test_changed_code_and_config_are_not_mixed(run, quickstart, monkeypatch):
    run()
    monkeypatch.setattr(quickstart, 'hash_files', lambda *places: 'other')
    with pytest.raises(RuntimeError, match=r'code \(was .*, now other\)'):
        run()


def test_foreign_folders_are_left_alone(run, tmp_path):
    (tmp_path / 'data/synthrs').mkdir(parents=True)
    (tmp_path / 'data/synthrs/precious').touch()
    run('--restart')
    assert (tmp_path / 'data/synthrs/precious').exists()
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/file').touch()
    with pytest.raises(RuntimeError, match='is not empty and no quickstart run'):
        run('--restart', '--work-dir', str(tmp_path / 'mine'))
    assert (tmp_path / 'mine/file').exists()


def test_options_reach_the_scripts(run, tools, tmp_path):
    run('--train', '5', '--val', '4', '--test', '3', '--iters', '1')
    arguments = tools.calls
    data = arguments[0][1]
    assert data[data.index('--train') : data.index('--train') + 6] == ['--train', '5', '--val', '4', '--test', '3']
    for script, given in arguments[1:5]:
        for split in ('train', 'val', 'test'):
            assert f'{split}_dataloader.dataset.data_root={tmp_path / "data/synthrs"}' in given, script
    assert 'train_cfg.max_iters=1' in arguments[1][1]
    assert arguments[2][1][arguments[2][1].index('--split') + 1] == 'val'


def test_sizes_below_one_are_refused(quickstart, capsys):
    with pytest.raises(SystemExit):
        quickstart.parse_args(['--train', '0'])
    assert '--train must be at least 1 but is 0' in capsys.readouterr().err


def test_hash_follows_names_and_contents(quickstart, monkeypatch, tmp_path):
    monkeypatch.setattr(quickstart, 'ROOT', tmp_path)
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a/one.py').write_text('x')
    first = quickstart.hash_files(tmp_path / 'a')
    (tmp_path / 'a/__pycache__').mkdir()
    (tmp_path / 'a/__pycache__/one.pyc').write_text('compiled')
    assert quickstart.hash_files(tmp_path / 'a') == first
    (tmp_path / 'a/one.py').rename(tmp_path / 'a/two.py')
    assert quickstart.hash_files(tmp_path / 'a') != first
    (tmp_path / 'a/two.py').rename(tmp_path / 'a/one.py')
    (tmp_path / 'a/one.py').write_text('y')
    assert quickstart.hash_files(tmp_path / 'a') != first


def test_photographs_are_written_trained_on_and_drawn(run, tools, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ('--data', 'vhr10', '--data-root', str(tmp_path / 'nwpu'), '--unlisted', 'test')
    with pytest.raises(RuntimeError, match=r'pretrained weights.*data/pretrained.*weights/README\.md'):
        run(*arguments)
    assert not tools.calls
    for name in ('tf_efficientnet_lite0.safetensors', 'minilm'):
        (tmp_path / 'data/pretrained' / name).mkdir(parents=True)
    summary = run(*arguments)
    assert tools.scripts == ['vhr10_ref.py', *ALL[1:]]
    _, converter = tools.calls[0]
    assert converter[:3] == [str(tmp_path / 'nwpu'), '--unlisted', 'test']
    _, training = tools.calls[1]
    assert training[0].endswith('cd2fsan_small_vhr10.py')
    assert f'train_dataloader.dataset.data_root={tmp_path / "data/synthrs"}' in training
    assert summary['settings']['data']['root'] == str(tmp_path / 'nwpu')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--data', 'vhr10'], 'needs --data-root'),
        (['--data', 'vhr10', '--data-root', 'x', '--train', '3'], 'scenes of SynthRS'),
        (['--data-root', 'x'], 'belong to --data vhr10'),
    ],
)
def test_options_of_the_other_data_set_are_refused(quickstart, capsys, arguments, message):
    with pytest.raises(SystemExit):
        quickstart.parse_args(arguments)
    assert message in capsys.readouterr().err
