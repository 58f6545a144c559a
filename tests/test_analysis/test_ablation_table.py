# Copyright (c) mmrrsis contributors.
import shutil

import pytest
from mmengine.config import Config

from mmrrsis.analysis.ablation_table import TableError, find_tables, write_on_other_base

TABLE = """
table9:
  title: A table
  data: RRSIS-D
  full: full.py
  tiny: small.py
  metrics: [oIoU, mIoU]
  rows:
    - {name: first, config: ablations/row.py, paper: {test: [2.0, 1.0], val: [4.0, 3.0]}, tiny: {model.depth: 1}}
    - {name: second, config: full.py, paper: {val: [6.0, 5.0]}}
"""


@pytest.fixture
def configs(tmp_path):
    method = tmp_path / 'method'
    (method / 'ablations').mkdir(parents=True)
    (method / 'full.py').write_text("width = 512\nmodel = dict(width=width, depth=12, part=dict(type='A', size=3))\n")
    (method / 'small.py').write_text("width = 8\nmodel = dict(width=width, depth=2, part=dict(type='A', size=1))\n")
    (method / 'ablations/step.py').write_text("# A step.\n_base_ = '../full.py'\nmodel = dict(part=dict(type='B'))\n")
    (method / 'ablations/row.py').write_text(
        '_base_ = (\n    "./step.py"\n)\nmodel = dict(part=dict(_delete_=True, type="C", inputs=_base_.width))\n'
    )
    (method / 'tables.yml').write_text(TABLE)
    return tmp_path


def test_tables_are_read_with_paths_relative_to_their_file(configs):
    table = find_tables(configs)['table9']
    assert (table.title, table.data, table.metrics) == ('A table', 'RRSIS-D', ['oIoU', 'mIoU'])
    assert table.splits == ['val', 'test']
    assert [row.config.resolve() for row in table.rows] == [
        configs / 'method/ablations/row.py',
        configs / 'method/full.py',
    ]
    assert table.rows[0].tiny == {'model.depth': 1} and table.rows[1].tiny == {}
    assert table.rows[0].paper == {'test': [2.0, 1.0], 'val': [4.0, 3.0]}


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (('title: A table', ''), "tables.yml: table9 misses the entry 'title'"),
        (('ablations/row.py', 'ablations/gone.py'), 'table9 names .*gone.py, which does not exist'),
    ],
)
def test_mistakes_in_a_table_are_named(configs, change, message):
    (configs / 'method/tables.yml').write_text(TABLE.replace(*change))
    with pytest.raises(TableError, match=message):
        find_tables(configs)


def test_two_tables_of_one_name_are_refused(configs):
    shutil.copytree(configs / 'method', configs / 'other')
    with pytest.raises(TableError, match=r'other/tables.yml: the table table9 is defined in another'):
        find_tables(configs)


def test_differences_are_applied_to_the_small_config(configs, tmp_path):
    method = configs / 'method'
    row, full, small = method / 'ablations/row.py', method / 'full.py', method / 'small.py'
    assert Config.fromfile(row).model == dict(width=512, depth=12, part=dict(type='C', inputs=512))
    written = write_on_other_base(row, full, small, tmp_path / 'out')
    assert Config.fromfile(written).model == dict(width=8, depth=2, part=dict(type='C', inputs=8))
    step = write_on_other_base(method / 'ablations/step.py', full, small, tmp_path / 'out')
    assert Config.fromfile(step).model == dict(width=8, depth=2, part=dict(type='B', size=1))
    assert write_on_other_base(full, full, small, tmp_path / 'out') == small


def test_a_config_of_another_family_is_refused(configs, tmp_path):
    method = configs / 'method'
    with pytest.raises(TableError, match=r'row.py does not inherit from .*small.py .*ends at .*full.py'):
        write_on_other_base(method / 'ablations/row.py', method / 'small.py', method / 'full.py', tmp_path / 'out')
