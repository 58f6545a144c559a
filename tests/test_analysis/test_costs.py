# Copyright (c) mmrrsis contributors.
import json

import pytest

from mmrrsis.analysis import CostEntry, join_table_costs


def score(value):
    return dict(paper=None, ours=value, deviation=None, seeds=1)


@pytest.fixture
def files(tmp_path):
    rows = [
        dict(row='(a) small', config='small', splits=dict(val=dict(mIoU=score(40.0)), test=dict(mIoU=score(41.0)))),
        dict(row='(b) large', config='large', splits=dict(val=dict(mIoU=score(50.0)), test=dict(mIoU=score(None)))),
    ]
    total = dict(multiply_adds=2_500_000_000, parameters=3_000_000)
    results = [dict(config=f'work/{name}.py', total=total) for name in ('other', 'large', 'small')]
    (tmp_path / 'table.json').write_text(json.dumps(dict(rows=rows)))
    (tmp_path / 'flops.json').write_text(json.dumps(dict(results=results)))
    return tmp_path / 'table.json', tmp_path / 'flops.json'


def test_rows_get_their_costs_and_untrained_ones_are_left_out(files):
    assert join_table_costs(*files) == [
        CostEntry('(a) small', 2.5, 3.0, 40.0),
        CostEntry('(b) large', 2.5, 3.0, 50.0),
    ]
    assert [entry.score for entry in join_table_costs(*files, split='test')] == [41.0]


def test_what_is_missing_is_named(files):
    table, flops = files
    with pytest.raises(ValueError, match='has no oIoU on val for "\\(a\\) small".* the metrics mIoU'):
        join_table_costs(*files, metric='oIoU')
    flops.write_text(json.dumps(dict(results=[])))
    with pytest.raises(ValueError, match='no costs of small .*get_flops.py CONFIG'):
        join_table_costs(*files)
    with pytest.raises(ValueError, match='has no list `results`. Give the file that .*get_flops.py'):
        join_table_costs(table, table)
