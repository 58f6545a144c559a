# Copyright (c) mmrrsis contributors.
import errno
import logging
import shutil

import pytest
from pyogrio.errors import DataSourceError

from mmrrsis.geo.output_file import output_file, raise_gdal_errors, readable_size


@pytest.fixture
def free(monkeypatch):
    """Say how many bytes are free."""
    usage = shutil.disk_usage('/')

    def set_free(count):
        monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage._replace(free=count))

    return set_free


def fail(path, error, needed=1000):
    with output_file(path, needed) as partial:
        partial.write_text('half')
        partial.with_name(partial.name + '-journal').write_text('beside')
        raise error


def test_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / 'new' / 'a.tif'
    with output_file(path, 10) as partial:
        assert partial.suffix == '.tif' and partial.parent == path.parent
        partial.write_text('whole')
        assert not path.exists()
    assert path.read_text() == 'whole' and list(path.parent.iterdir()) == [path]
    with output_file(tmp_path / 'b.tif', 10, keep=False) as partial:
        partial.write_text('scratch')
    assert [item.name for item in tmp_path.iterdir()] == ['new']


@pytest.mark.parametrize('error', [ValueError('other'), RuntimeError('CUDA out of memory'), KeyboardInterrupt()])
def test_other_errors_pass_unchanged_on_a_full_disk_too(tmp_path, free, error):
    free(0)
    with pytest.raises(type(error)) as raised:
        fail(tmp_path / 'a.tif', error)
    assert raised.value is error and list(tmp_path.iterdir()) == []


def test_full_disk_is_known_by_code_words_or_drivers_that_say_neither(tmp_path, free):
    free(512)
    errors = [
        OSError(errno.ENOSPC, 'x'),
        OSError('write: No space left on device'),
        DataSourceError('Failed to commit'),
    ]
    for error in errors:
        with pytest.raises(OSError, match=r'up to 1000 B are needed, and 512 B are free') as raised:
            fail(tmp_path / 'a.gpkg', error)
        assert raised.value.errno == errno.ENOSPC and raised.value.__cause__ is error
        assert list(tmp_path.iterdir()) == []
    free(2000)
    with pytest.raises(DataSourceError):
        fail(tmp_path / 'a.gpkg', errors[2])


def test_full_disk_is_known_by_what_caused_an_error(tmp_path):
    error = RuntimeError('the strip was not written')
    error.__cause__ = OSError(errno.ENOSPC, 'x')
    with pytest.raises(OSError, match=r'^.*The disk is full'):
        fail(tmp_path / 'a.tif', error)


def test_what_gdal_only_logs_is_raised():
    with pytest.raises(OSError, match=r'^write failed$'), raise_gdal_errors():
        logging.getLogger('rasterio._env').error('write %s', 'failed')
    with raise_gdal_errors():
        logging.getLogger('rasterio._env').warning('harmless')


def test_sizes_are_readable():
    assert [readable_size(count) for count in (12, 1536, 5 << 20, 3 << 40)] == [
        '12 B',
        '1.5 KiB',
        '5.0 MiB',
        '3.0 TiB',
    ]


def test_signs_of_patterns_in_a_name_leave_no_partial_file(tmp_path):
    with pytest.raises(ValueError, match='other'):
        fail(tmp_path / 'scene[1]*?.tif', ValueError('other'))
    assert list(tmp_path.iterdir()) == []


def test_what_spoke_of_the_older_file_goes_with_it(tmp_path):
    for name in ('a.tif', 'a.tif.ovr', 'a.tif.aux.xml', 'a.tif.msk', 'a.tfw', 'b.tif.ovr'):
        (tmp_path / name).write_text('old')
    with pytest.raises(ValueError, match='other'):
        fail(tmp_path / 'a.tif', ValueError('other'))
    assert len(list(tmp_path.iterdir())) == 6, 'after an error all is as it was'
    with output_file(tmp_path / 'a.tif', 10) as partial:
        partial.write_text('new')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.tfw', 'a.tif', 'b.tif.ovr']
