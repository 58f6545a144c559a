# Copyright (c) mmrrsis contributors.
import errno
from pathlib import Path

import pytest
from mmengine.fileio import LocalBackend

from mmrrsis.checkpoint_file import read_checkpoint_file
from mmrrsis.engine import CheckpointWriteError
from tests.test_tools.stub_parts import StubMetric

from .stub_run import run_stub


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir() if path.suffix in ('.pth', '.partial'))


@pytest.fixture
def work_dir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / 'run'


def read(path):
    return read_checkpoint_file(path)


def test_the_last_two_and_the_best_are_kept(work_dir):
    run_stub(work_dir, train_cfg__max_epochs=5)
    assert names(work_dir)[1:] == ['epoch_4.pth', 'epoch_5.pth']
    assert (work_dir / 'last_checkpoint').read_text() == str(work_dir / 'epoch_5.pth')


class Disk:
    """A disk that is full at the write of some file, or stops the process there."""

    def __init__(self, monkeypatch):
        self.written, self.full_at, self.before = [], None, None
        put = LocalBackend.put

        def write(backend, content, path):
            name = Path(path).name
            if self.before:
                self.before(name)
            if name == self.full_at:
                put(backend, content[: len(content) // 2], path)
                raise OSError(errno.ENOSPC, 'No space left on device')
            self.written.append(name)
            put(backend, content, path)

        monkeypatch.setattr(LocalBackend, 'put', write)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def test_a_full_disk_stops_with_the_older_checkpoints_whole(work_dir, disk):
    disk.full_at = 'epoch_3.pth.partial'
    with pytest.raises(CheckpointWriteError, match=r'epoch_3.pth could not be written \(No space left') as error:
        run_stub(work_dir, train_cfg__max_epochs=4)
    assert error.value.errno == errno.ENOSPC
    assert 'epoch_1.pth, epoch_2.pth' in str(error.value) and 'max_keep_ckpts' in str(error.value)
    assert names(work_dir)[1:] == ['epoch_1.pth', 'epoch_2.pth']
    assert all(read(work_dir / f'epoch_{epoch}.pth')['meta']['epoch'] == epoch for epoch in (1, 2))
    assert (work_dir / 'last_checkpoint').read_text() == str(work_dir / 'epoch_2.pth')


def test_older_checkpoints_are_deleted_only_after_the_new_one_has_its_name(work_dir, disk, monkeypatch):
    there, scores = {}, iter((10, 20, 15, 30))
    monkeypatch.setattr(StubMetric, 'compute_metrics', lambda metric, results: dict(mIoU=next(scores)))
    disk.before = lambda name: there.setdefault(name, names(work_dir))
    run_stub(work_dir, train_cfg__max_epochs=4)
    assert {'epoch_1.pth', 'epoch_2.pth'} <= set(there['epoch_3.pth.partial'])
    assert {'epoch_2.pth', 'epoch_3.pth'} <= set(there['epoch_4.pth.partial'])
    bests = [name for name in disk.written if name.startswith('best')]
    assert bests == [f'best_mIoU_epoch_{epoch}.pth.partial' for epoch in (1, 2, 4)]
    for former, new in zip(bests, bests[1:], strict=False):
        assert former.removesuffix('.partial') in there[new]
    assert names(work_dir) == ['best_mIoU_epoch_4.pth', 'epoch_3.pth', 'epoch_4.pth']
    assert read(work_dir / 'epoch_4.pth')['message_hub']['runtime_info']['best_score'] == 30


def test_leftovers_of_an_interruption_are_deleted_when_the_run_goes_on(work_dir):
    run_stub(work_dir, train_cfg__max_epochs=3)
    (best,) = work_dir.glob('best_*')
    (work_dir / 'epoch_4.pth.partial').write_text('half')
    (work_dir / 'best_mIoU_epoch_0.pth').write_text('superseded')
    (work_dir / 'best_mIoU_epoch_9.pth').write_text('of later')
    run_stub(work_dir, 'latest', train_cfg__max_epochs=4)
    assert set(names(work_dir)) >= {best.name, 'best_mIoU_epoch_9.pth', 'epoch_3.pth', 'epoch_4.pth'}
    assert not {'epoch_4.pth.partial', 'best_mIoU_epoch_0.pth'} & set(names(work_dir))


def test_a_validation_that_was_due_is_made_up_for(work_dir, disk, monkeypatch):
    """Stopped between the checkpoint of an epoch and the end of its validation."""

    def stop(name):
        if name.startswith('best_mIoU_epoch_1'):
            raise KeyboardInterrupt

    disk.before = stop
    with pytest.raises(KeyboardInterrupt):
        run_stub(work_dir, train_cfg__max_epochs=1)
    assert names(work_dir) == ['epoch_1.pth']
    assert 'best_score' not in read(work_dir / 'epoch_1.pth')['message_hub']['runtime_info']
    disk.before = None
    run_stub(work_dir, 'latest', train_cfg__max_epochs=1)
    assert names(work_dir) == ['best_mIoU_epoch_1.pth', 'epoch_1.pth']
    assert 'best_score' in read(work_dir / 'epoch_1.pth')['message_hub']['runtime_info']


def test_a_folder_that_is_no_file_system_is_refused(work_dir):
    with pytest.raises(ValueError, match='file system'):
        run_stub(work_dir, default_hooks__checkpoint__out_dir='http://elsewhere/here')
