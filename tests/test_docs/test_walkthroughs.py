# Copyright (c) mmrrsis contributors.
"""The pages that add a method and a data set: every file and every command of them, in an empty checkout."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r'^```(python|bash)\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.fixture
def checkout(tmp_path):
    """The root with the folders that the pages read, and nothing that was written before."""
    for name in ('configs', 'tools', 'mmrrsis'):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / 'projects', tmp_path / 'projects', ignore=shutil.ignore_patterns('__pycache__'))
    return tmp_path


def follow(page, checkout):
    """Write the files of a page and run its commands, in order; return what the commands say."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    environment['PATH'] = f'{Path(sys.executable).parent}:{environment["PATH"]}'
    output = ''
    for language, text in BLOCK.findall((ROOT / 'docs' / page).read_text(encoding='utf-8')):
        if language == 'python':
            name = re.match(r'# (projects/\S+\.py)\n', text)
            assert name, f'{page}: a block of code does not say which file it is:\n{text}'
            (checkout / name[1]).parent.mkdir(parents=True, exist_ok=True)
            (checkout / name[1]).write_text(text, encoding='utf-8')
            continue
        done = subprocess.run(['bash', '-ec', text], cwd=checkout, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, text + done.stdout[-2000:] + done.stderr[-3000:]
        output += done.stdout + done.stderr
    return output


@pytest.mark.slow
def test_method_is_added_as_its_page_says(checkout):
    output = follow('add_a_method.md', checkout)
    assert 'WordGate' in output and 'mIoU' in output and '2 passed' in output
    assert (checkout / 'work_dirs/my_method/best_mIoU_iter_2.pth').is_file()


@pytest.mark.slow
def test_data_set_is_added_as_its_page_says(checkout):
    output = follow('add_a_dataset.md', checkout)
    assert 'No faults.' in output
    assert re.search(r'train +\| +4 ', output) and re.search(r'val +\| +2 ', output)
    assert (checkout / 'work_dirs/field_plots.png').is_file()
    assert list((checkout / 'work_dirs/field_plots').glob('best_mIoU_iter_2.pth'))
