# Copyright (c) mmrrsis contributors.
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml

import mmrrsis
from mmrrsis.dependencies import check_stack

ROOT = Path(__file__).resolve().parents[1]


def versions(**installed):
    """Return a stand-in for `importlib.metadata.version`."""

    def find(name):
        if name.replace('-', '_') not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name.replace('-', '_')]

    return find


def test_either_family_alone_is_fine():
    check_stack(versions(onedl_mmengine='0.10.12', onedl_mmcv='2.3.6'))
    check_stack(versions(mmengine='0.10.7', mmcv='2.1.0'))


def test_both_families_together_are_refused_and_named():
    with pytest.raises(ImportError) as error:
        check_stack(versions(onedl_mmengine='0.10.12', mmengine='0.10.7', mmcv_lite='2.1.0'))
    assert 'mmengine 0.10.7, mmcv-lite 2.1.0' in str(error.value)
    assert '`pip uninstall -y mmengine mmcv-lite`' in str(error.value)
    assert 'onedl-mmengine onedl-mmcv onedl-mmsegmentation onedl-mmpretrain' in str(error.value)


def test_installed_version_is_that_of_the_code():
    assert metadata.version('mmrrsis') == mmrrsis.__version__


def test_importing_the_package_is_light():
    program = (
        'import sys, mmrrsis; print([name for name in ("torch", "mmengine", "mmcv", "mmseg") if name in sys.modules])'
    )
    assert subprocess.run([sys.executable, '-c', program], capture_output=True, text=True).stdout.strip() == '[]'


def test_model_index_names_existing_files():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    for file in index['Import']:
        content = yaml.safe_load((ROOT / file).read_text())
        names = [model['Name'] for model in content['Models']]
        assert len(names) == len(set(names))
        for model in content['Models']:
            assert (ROOT / model['Config']).is_file(), model['Config']
            assert Path(model['Config']).stem == model['Name']
            if 'Weights' in model:
                assert (ROOT / model['Weights']).is_file(), model['Weights']
            # Figures are the paper's, or those of weights that ship.
            assert 'Weights' in model or 'paper' in model['Metadata']['Figures']


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of the checkout, so that neither the build folder nor a link of the checkout can help or be harmed."""
    source = tmp_path_factory.mktemp('wheel') / 'source'
    listed = subprocess.run(
        ['git', 'ls-files', '-co', '--exclude-standard'], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split('\n')
    for name in filter(None, listed):
        if (ROOT / name).is_file() and not name.startswith('docs/'):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    (source / 'mmrrsis/probe.safetensors').write_bytes(b'x')
    return source


@pytest.fixture(scope='module')
def wheel(source):
    folder = source.parent
    run_pip('wheel', '--no-deps', '--no-build-isolation', '-w', folder, source)
    (wheel,) = folder.glob('*.whl')
    return wheel


def run_pip(*arguments):
    done = subprocess.run([sys.executable, '-m', 'pip', *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_wheel_holds_code_configs_tools_and_weights(source, wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ('configs', 'tools', 'projects', 'demo'):
        for path in (source / folder).rglob('*'):
            if path.is_file():
                assert f'mmrrsis/.mim/{path.relative_to(source)}' in names
    for path in (source / 'mmrrsis').rglob('*.py'):
        assert str(path.relative_to(source)) in names
    assert {'mmrrsis/.mim/model-index.yml', 'mmrrsis/probe.safetensors', 'mmrrsis/py.typed'} <= names
    assert not [name for name in names if '__pycache__' in name or name.startswith('tests/')]


@pytest.mark.slow
def test_installed_wheel_segments_a_scene_far_from_the_checkout(source, wheel, tmp_path):
    rasterio = pytest.importorskip('rasterio', reason='needs the extra geo')
    run_pip('install', '--no-deps', '--target', tmp_path / 'installed', wheel)
    environment = {**os.environ, 'PYTHONPATH': str(tmp_path / 'installed')}
    program = tmp_path / 'installed/bin/mmrrsis'
    scene = source / 'demo/OSBS_029.tif'
    command = [program, 'segment', scene, 'the tree in the center', '--force', '--out', 'tree.tif']
    command += ['--mode', 'whole']
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"the tree in the center": ' in done.stdout
    with rasterio.open(tmp_path / 'tree.tif') as mask, rasterio.open(scene) as image:
        assert mask.shape == image.shape and mask.transform == image.transform and mask.crs == image.crs
    place = [sys.executable, '-c', 'import mmrrsis; print(mmrrsis.__file__)']
    found = subprocess.run(place, cwd=tmp_path, env=environment, capture_output=True, text=True).stdout
    assert found.startswith(str(tmp_path))
