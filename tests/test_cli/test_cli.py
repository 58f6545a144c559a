# Copyright (c) mmrrsis contributors.
import importlib
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmrrsis.apis import UnknownObjectError
from mmrrsis.cli import info
from mmrrsis.cli import main as cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize('name', ['train', 'test'])
def test_tools_and_command_are_one_function(name):
    command = importlib.import_module(f'mmrrsis.cli.{name}')
    assert runpy.run_path(str(ROOT / f'tools/{name}.py'))['main'] is command.main
    done = subprocess.run(
        [sys.executable, ROOT / f'tools/{name}.py', '--help'], cwd='/', capture_output=True, text=True, check=True
    )
    assert f'usage: {name}.py' in done.stdout and '--cfg-options' in done.stdout


def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, '-m', 'mmrrsis', 'segmnt'], capture_output=True, text=True)
    assert done.returncode == 2 and "there is no command 'segmnt'" in done.stderr


@pytest.mark.parametrize('name', ['train', 'test'])
def test_configs_of_the_package_have_names(name, monkeypatch):
    command = importlib.import_module(f'mmrrsis.cli.{name}')
    read = []

    def stop(path, **_):
        read.append(path)
        raise ValueError('read')

    monkeypatch.setattr(command.Config, 'fromfile', stop)
    assert cli.main([name, 'cd2fsan_tiny_synthrs', *(['x.pth'] if name == 'test' else [])]) == 1
    assert str(read[0]).endswith('configs/cd2fsan/cd2fsan_tiny_synthrs.py')


def test_the_scripts_are_there_and_show_their_own_options(capsys):
    for name, option in (('train', '--amp'), ('test', '--show-dir')):
        with pytest.raises(SystemExit) as done:
            cli.main([name, '--help'])
        assert done.value.code == 0
        printed = capsys.readouterr().out
        assert option in printed and f'usage: mmrrsis {name}' in printed


def test_config_that_does_not_exist_is_an_error_without_traceback(capsys):
    assert cli.main(['train', 'cd2fsan_tiny_synthr']) == 1
    assert 'mmrrsis train: FileNotFoundError:' in (error := capsys.readouterr().err)
    assert 'Did you mean `cd2fsan_tiny_synthrs`?' in error and 'Traceback' not in error


def test_traceback_on_demand(monkeypatch):
    monkeypatch.setenv('MMRRSIS_TRACEBACK', '1')
    with pytest.raises(FileNotFoundError):
        cli.main(['train', 'cd2fsan_tiny_synthr'])


def test_unknown_command_and_none(capsys):
    assert cli.main([]) == 2 and 'usage: mmrrsis' in capsys.readouterr().out
    assert cli.main(['--help']) == 0
    assert cli.main(['segmnt']) == 2
    assert "there is no command 'segmnt'" in capsys.readouterr().err


def test_info_names_versions_operators_devices_and_data(tmp_path, capsys):
    (tmp_path / 'one' / 'rrsisd').mkdir(parents=True)
    (tmp_path / 'one' / 'rrsisd' / 'refs(unc).p').touch()
    (tmp_path / 'one' / 'rrsisd' / 'instances.json').touch()
    (tmp_path / 'two' / 'img_rgb').mkdir(parents=True)
    (tmp_path / 'two' / 'output_phrase_train.txt').touch()
    (tmp_path / 'two' / 'synthrs.json').touch()
    (tmp_path / 'other').mkdir()
    assert cli.main(['info', '--data-root', str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for words in ('mmrrsis: ', 'PyTorch: ', 'MMEngine: ', 'mmcv: ', 'compiled operators of mmcv: ', 'CPU: '):
        assert words in printed
    assert 'CUDA available: ' in printed and 'compiling details' not in printed
    assert f'data set: {tmp_path / "one"} (RRSIS-D)' in printed
    assert f'data set: {tmp_path / "two"} (SynthRS, synthetic, in the layout of RISBench)' in printed
    assert 'other' not in printed
    assert cli.main(['info', '--data-root', str(tmp_path / 'other')]) == 0
    assert f'data sets: none below {tmp_path / "other"}' in capsys.readouterr().out
    assert info.find_version(['no-such-distribution']) == 'not installed'


class RedModel:
    """Takes the red channel for the probability."""

    mask_threshold = 0.5
    made: list = []

    def __init__(self, model, weights, device, show_progress):
        self.made.append((model, weights, device))

    def predict_probabilities(self, images, expressions):
        return np.stack([np.stack([image[..., 0] / np.float32(255)] * len(expressions)) for image in images])

    def check_words(self, expressions, force):
        if 'the tree' in expressions and not force:
            raise UnknownObjectError('"the tree": the model was not trained on "tree".')
        return [f'"{text}": the model was not trained on "old".' for text in expressions if 'old' in text]


@pytest.fixture
def scene(tmp_path, monkeypatch):
    rasterio = pytest.importorskip('rasterio', reason='needs the extra geo')
    import mmrrsis.apis

    RedModel.made.clear()
    monkeypatch.setattr(mmrrsis.apis, 'ReferringInferencer', RedModel)
    values = np.zeros((4, 30, 30), dtype=np.uint8)
    values[0, 5:10, 5:10] = 255
    values[3, 20:22, 20:22] = 255
    with rasterio.open(
        tmp_path / 'scene.tif',
        'w',
        driver='GTiff',
        width=30,
        height=30,
        count=4,
        dtype='uint8',
        crs='EPSG:32633',
        alpha='no',
        transform=rasterio.Affine(0.5, 0, 500_000, 0, -0.5, 4_649_000),
    ) as file:
        file.write(values)
    return tmp_path / 'scene.tif'


def test_segment_writes_everything_and_reports(scene, tmp_path, capsys):
    import geopandas
    import rasterio

    outputs = {'--out': 'm.tif', '--vector': 'v.gpkg', '--probability': 'p.tif', '--picture': 'p.png'}
    words = [word for option, name in outputs.items() for word in (option, str(tmp_path / name))]
    asked = ['the red roof', 'the other roof']
    options = ['--tile', '16', '--overlap', '4', '--threshold', '0.3', '--device', 'cpu', '--mode', 'tiled', '--quiet']
    assert (
        cli.main(['segment', str(scene), *asked, *words, *options, '--config', 'c.py', '--checkpoint', 'c.pth']) == 0
    )
    assert RedModel.made == [('c.py', 'c.pth', 'cpu')]
    printed = capsys.readouterr().out
    assert '"the red roof": 25 pixels, 1 polygons, score 1.000' in printed and str(tmp_path / 'p.png') in printed
    assert all((tmp_path / name).is_file() for name in outputs.values())
    with rasterio.open(tmp_path / 'm.tif') as file:
        assert file.descriptions == tuple(asked) and file.read(1).sum() == 25 and file.tags(1)['threshold'] == '0.3'
    assert geopandas.read_file(tmp_path / 'v.gpkg')['area_m2'].tolist() == [6.25, 6.25]


def test_segment_warns_of_words_and_refuses_objects_unless_forced(scene, tmp_path, capsys):
    out = ['--out', str(tmp_path / 'm.tif'), '--quiet']
    assert cli.main(['segment', str(scene), 'the tree', 'the old roof', *out]) == 1
    error = capsys.readouterr().err
    assert error == 'mmrrsis segment: UnknownObjectError: "the tree": the model was not trained on "tree".\n'
    assert not (tmp_path / 'm.tif').exists()
    assert cli.main(['segment', str(scene), 'the tree', 'the old roof', *out, '--force']) == 0
    printed = capsys.readouterr()
    # Older versions of Rich end a hidden progress bar with an empty line.
    assert printed.err.splitlines()[0] == (
        'mmrrsis segment: warning: "the old roof": the model was not trained on "old".'
    )
    assert not printed.err.removeprefix(printed.err.splitlines()[0]).strip()
    assert '"the tree": 25 pixels' in printed.out


def test_segment_passes_bands_and_stretch(scene, tmp_path):
    import rasterio

    out = ['--out', str(tmp_path / 'm.tif'), '--quiet']
    assert cli.main(['segment', str(scene), 'x', *out, '--bands', '4,1,2', '--stretch', '0,100']) == 0
    with rasterio.open(tmp_path / 'm.tif') as file:
        assert file.read(1).sum() == 4
    assert RedModel.made == [(None, None, None)]


def test_errors_of_segment_have_no_traceback(scene, tmp_path, capsys):
    for words, expected in (
        ([str(tmp_path / 'none.tif'), 'x', '--out', str(tmp_path / 'm.tif')], 'FileNotFoundError: There is no scene'),
        ([str(scene), ' ', '--out', str(tmp_path / 'm.tif')], 'expression is empty'),
        ([str(scene), 'x', '--out', str(tmp_path / 'm.bmp')], 'is unknown. Known are .tif, .tiff'),
        ([str(scene), 'x'], 'There is nothing to write'),
        ([str(scene), 'x', '--out', str(tmp_path / 'm.tif'), '--bands', '9'], 'There is no band 9'),
    ):
        assert cli.main(['segment', *words]) == 1
        error = capsys.readouterr().err
        assert error.startswith('mmrrsis segment: ') and expected in error and 'Traceback' not in error
    with pytest.raises(SystemExit) as wrong:
        cli.main(['segment', str(scene), 'x', '--bands', 'red'])
    assert wrong.value.code == 2 and 'expected numbers such as 3,2,1' in capsys.readouterr().err


def test_without_the_extra_the_command_says_what_to_install():
    program = (
        'import sys, importlib.util as util\n'
        'find = util.find_spec\n'
        "util.find_spec = lambda name, *rest: None if name == 'rasterio' else find(name, *rest)\n"
        'import mmrrsis\n'
        'from mmrrsis.cli.main import main\n'
        "sys.exit(main(['segment', 'a.tif', 'x', '--out', 'm.tif']))\n"
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert done.returncode == 1 and 'needs rasterio' in done.stderr and 'pip install mmrrsis[geo]' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('name', ['train', 'test', 'info'])
def test_help_does_not_load_pytorch(name):
    program = (
        'import sys\n'
        'from mmrrsis.cli.main import main\n'
        'try:\n'
        f"    main(['{name}', '--help'])\n"
        'except SystemExit:\n'
        "    print([module for module in ('torch', 'mmcv', 'mmseg', 'transformers') if module in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith('[]')
