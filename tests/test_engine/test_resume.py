# Copyright (c) mmrrsis contributors.
import shutil

import pytest
import torch

from mmrrsis.engine import ResumeError, find_resume, take_seed

from .stub_run import run_stub, stub_cfg


def save(path, **changes):
    content = dict(meta=dict(seed=3, iter=1), state_dict={}, message_hub={}, optimizer={})
    torch.save({**content, **changes}, path)


@pytest.fixture
def cfg(tmp_path):
    (tmp_path / 'run').mkdir()
    return stub_cfg(tmp_path / 'run')


def test_the_newest_by_number_is_taken_in_the_folder_itself(cfg, tmp_path):
    for step in (9, 10, 8):
        save(tmp_path / f'run/iter_{step}.pth')
    save(tmp_path / 'run/best_mIoU_iter_20.pth')
    (tmp_path / 'run/last_checkpoint').write_text('/elsewhere/iter_8.pth')
    for resume in ('auto', 'latest'):
        assert find_resume(cfg, resume)[0] == tmp_path / 'run/iter_10.pth'
    named, content = find_resume(cfg, str(tmp_path / 'run/iter_8.pth'))
    assert named.name == 'iter_8.pth' and content['meta']['iter'] == 1


def test_a_folder_of_its_own_for_checkpoints(cfg, tmp_path):
    cfg.default_hooks.checkpoint.out_dir = str(tmp_path / 'big_disk')
    (tmp_path / 'big_disk/run').mkdir(parents=True)
    save(tmp_path / 'big_disk/run/epoch_1.pth')
    assert find_resume(cfg, 'latest')[0] == tmp_path / 'big_disk/run/epoch_1.pth'


def test_broken_newer_ones_are_named_and_passed_over(cfg, tmp_path, capsys):
    for step in (1, 2, 3):
        save(tmp_path / f'run/epoch_{step}.pth')
    (tmp_path / 'run/epoch_3.pth').write_bytes(b'')
    content = (tmp_path / 'run/epoch_2.pth').read_bytes()
    (tmp_path / 'run/epoch_2.pth').write_bytes(content[: len(content) // 2])
    assert find_resume(cfg, 'latest')[0].name == 'epoch_1.pth'
    said = capsys.readouterr()
    assert all(f'{name} cannot be read' in said.out + said.err for name in ('epoch_3.pth', 'epoch_2.pth'))
    (tmp_path / 'run/epoch_1.pth').write_bytes(b'x')
    with pytest.raises(ResumeError, match=r'None of the checkpoints .*: epoch_3.pth, epoch_2.pth, epoch_1.pth'):
        find_resume(cfg, 'auto')


def test_nothing_begins_anew_over_checkpoints_unless_told(cfg, tmp_path):
    assert find_resume(cfg, None) is None
    assert find_resume(cfg, 'auto') is None
    with pytest.raises(FileNotFoundError, match='--resume auto'):
        find_resume(cfg, 'latest')
    save(tmp_path / 'run/epoch_2.pth')
    with pytest.raises(ResumeError, match=r'newest is epoch_2.pth. Go on .*--resume, .*--restart'):
        find_resume(cfg, None)
    with pytest.raises(ResumeError, match='choose one'):
        find_resume(cfg, 'auto', restart=True)
    assert find_resume(cfg, None, restart=True) is None
    (kept,) = (tmp_path / 'run').glob('before_*/epoch_2.pth')
    assert kept.is_file() and not (tmp_path / 'run/epoch_2.pth').exists()


def test_weights_alone_are_no_training_to_go_on_from(cfg, tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'weights.pth')
    with pytest.raises(ResumeError, match=r'meta, message_hub, optimizer is not in it.*load_from'):
        find_resume(cfg, str(tmp_path / 'weights.pth'))


def test_the_seed_of_the_checkpoint_is_taken(cfg, capsys):
    take_seed(cfg, dict(meta=dict(seed=3)))
    assert cfg.randomness.seed == 3
    said = capsys.readouterr()
    assert 'goes on with its seed 3, not with randomness.seed=0' in said.out + said.err
    cfg.randomness = dict(seed=None)
    take_seed(cfg, dict(meta=dict(seed=4)))
    assert cfg.randomness.seed == 4


def test_a_copied_run_goes_on_in_its_own_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = dict(optim_wrapper__optimizer__lr=0.01)
    run_stub(tmp_path / 'run', **options)
    shutil.copytree(tmp_path / 'run', tmp_path / 'copy')
    before = sorted(path.name for path in (tmp_path / 'run').glob('*.pth'))
    run_stub(tmp_path / 'copy', 'latest', train_cfg__max_epochs=12, **options)
    assert sorted(path.name for path in (tmp_path / 'run').glob('*.pth')) == before
    names = sorted(path.name for path in (tmp_path / 'copy').glob('*.pth'))
    assert names[1:] == ['epoch_11.pth', 'epoch_12.pth'] and names[0].startswith('best_mIoU_epoch_')
    assert (tmp_path / 'copy/last_checkpoint').read_text() == str(tmp_path / 'copy/epoch_12.pth')


@pytest.mark.parametrize('key', ['load_from', 'resume'])
def test_the_runner_runs_no_code_of_a_checkpoint(tmp_path, monkeypatch, key):
    from tests.test_checkpoint_file import Planted

    monkeypatch.chdir(tmp_path)
    evil = dict(meta={}, state_dict=Planted(tmp_path / 'ran'), message_hub={}, optimizer={})
    torch.save(evil, tmp_path / 'evil.pth')
    options = dict(load_from=str(tmp_path / 'evil.pth'), resume=key == 'resume')
    with pytest.raises(ValueError, match='cannot be read as a checkpoint'):
        run_stub(tmp_path / 'run', **options)
    assert not (tmp_path / 'ran').exists()
