# Copyright (c) mmrrsis contributors.
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'


def load(name):
    spec = importlib.util.spec_from_file_location(f'{name}_under_test', ROOT / f'tools/analysis/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def get_flops():
    return load('get_flops')


@pytest.fixture(scope='module')
def benchmark():
    return load('benchmark')


def test_counts_of_the_tiny_model(get_flops, tmp_path, capsys):
    out = tmp_path / 'new' / 'counts.json'
    get_flops.main([str(TINY), '--json', str(out)])
    stdout = capsys.readouterr().out
    assert 'one 128x128 image, one expression of 22 tokens' in stdout
    assert 'FLOPs are twice the multiply-adds' in stdout
    (result,) = json.loads(out.read_text())['results']
    assert set(result) == {'config', 'shape', 'tokens', 'total', 'parts', 'components'}
    assert (result['config'], result['shape'], result['tokens']) == (str(TINY), [128, 128], 22)
    keys = {'multiply_adds', 'parameters', 'trainable', 'products', 'attention', 'module_hooks'}
    assert set(result['total']) == keys
    assert list(result['parts']) == ['encoder', 'neck', 'decode_head']
    for key in keys:
        for level in ('parts', 'components'):
            assert sum(cost[key] for cost in result[level].values()) == result['total'][key], (level, key)
    rows = [line.split('|') for line in stdout.splitlines() if line.startswith('|')]
    printed = {row[1].strip(): [cell.strip() for cell in row[2:-1]] for row in rows}
    total = result['total']
    expected = [total[key] / 1e6 for key in ('parameters', 'trainable')]
    expected += [total[key] / 1e9 for key in ('multiply_adds', 'attention', 'products', 'module_hooks')]
    assert printed['total'] == [f'{value:.3f}' for value in expected]
    assert {'encoder', 'encoder.image', 'encoder.text', 'neck.alignment', 'decode_head.stages'} <= set(printed)


def test_shape(get_flops):
    with pytest.raises(
        ValueError, match=r'cd2fsan_tiny_synthrs.py cannot run on the --shape 64 96: The encoder was built for 128x128'
    ):
        get_flops.count(TINY, [64, 96], None)
    smaller = get_flops.count(TINY, [64, 64], {'model.encoder.image_size': 64})
    assert smaller['shape'] == [64, 64]
    tokens, width = 8**2 + 1, 128
    assert smaller['components']['encoder.image']['attention'] == 8 * 2 * tokens**2 * width


def test_missing_config(get_flops):
    with pytest.raises(FileNotFoundError, match='no_such_config.py'):
        get_flops.main(['no_such_config.py'])


@pytest.mark.parametrize(
    ('arguments', 'error'),
    [
        ([], 'give one or more configs, or --table'),
        (['a.py', '--table', 'table6'], 'give one or more configs, or --table'),
        (['a.py', '--fps', 'fps.json'], '--fps goes with --table'),
        (['a.py', '--shape', '0', '4'], '--shape must be positive but is 0 4'),
    ],
)
def test_arguments_that_contradict_each_other(get_flops, capsys, arguments, error):
    with pytest.raises(SystemExit):
        get_flops.main(arguments)
    assert error in capsys.readouterr().err


def test_published_table_beside_ours(get_flops, tmp_path, monkeypatch, capsys):
    rows = [
        dict(name='a', config=str(TINY), parameters=20.0, multiply_adds=0.5, fps=18.0),
        dict(name='b', config=str(TINY.parent / 'cd2fsan_vitb_rrsisd.py'), parameters=5.0, multiply_adds=0.6, fps=9.0),
    ]
    tables = tmp_path / 'tables.yml'
    tables.write_text(json.dumps(dict(table9=dict(title='Some paper, Table 9', rows=rows))))
    monkeypatch.setattr(get_flops, 'TABLES', tables)
    fps = tmp_path / 'fps.json'
    measured = [
        dict(config='/elsewhere/cd2fsan_tiny_synthrs.py', batch_size=8, throughput=99.0),
        dict(config='/elsewhere/cd2fsan_tiny_synthrs.py', batch_size=1, throughput=12.344),
    ]
    fps.write_text(json.dumps(dict(device='Some GPU', dtype='float32', results=measured)))
    count = get_flops.count
    counted = []

    def count_tiny(config, *options):
        counted.append(config)
        return count(TINY, *options)

    monkeypatch.setattr(get_flops, 'count', count_tiny)
    out = tmp_path / 'out.json'
    get_flops.main(['--table', 'table9', '--fps', str(fps), '--json', str(out)])
    assert [path.name for path in counted] == ['cd2fsan_tiny_synthrs.py', 'cd2fsan_vitb_rrsisd.py']
    content = json.loads(out.read_text())
    assert (content['table'], content['fps_device']) == ('table9', 'Some GPU, float32')
    first, second = content['rows']
    assert first['measured_fps'] == 12.344 and second['measured_fps'] is None
    millions = first['ours']['parameters'] / 1e6
    assert first['difference_percent'] == pytest.approx(100 * (millions - 20) / 20)
    assert second['difference_percent'] == pytest.approx(100 * (millions - 5) / 5)
    printed = capsys.readouterr().out
    assert 'Some paper, Table 9' in printed and 'FPS measured on Some GPU, float32, batch size 1' in printed
    cells = [[cell.strip() for cell in line.split('|')[1:-1]] for line in printed.splitlines() if line.startswith('|')]
    assert cells[1][:5] == ['a', '20.00', f'{millions:.2f}', f'{first["difference_percent"]:+.2f}', '0.50']
    ours = [f'{first["ours"][key] / 1e9:.2f}' for key in ('multiply_adds', 'products', 'module_hooks')]
    assert cells[1][5:] == [*ours, '18.00', '12.34']
    assert cells[2][-2:] == ['9.00', '-']
    for row in measured:
        row['batch_size'] = 8
    fps.write_text(json.dumps(dict(device='Some GPU', dtype='float32', results=measured)))
    with pytest.raises(ValueError, match=r'fps.json holds none of .*cd2fsan_tiny_synthrs.py.* at batch size 1'):
        get_flops.main(['--table', 'table9', '--fps', str(fps)])


def test_tables(get_flops):
    published = get_flops.read_table('table6')
    assert [row['multiply_adds'] for row in published['rows']] == [88.54, 97.27, 120.44, 148.20]
    assert [row['parameters'] for row in published['rows']] == [183.84, 186.28, 192.09, 197.54]
    assert [row['fps'] for row in published['rows']] == [18.23, 16.82, 15.32, 14.96]
    for row in published['rows']:
        assert (ROOT / row['config']).is_file(), row['config']
    with pytest.raises(ValueError, match=r'There is no table `table7` .* Known are table6'):
        get_flops.read_table('table7')


def test_benchmark_of_the_tiny_model(benchmark, tmp_path, capsys):
    out = tmp_path / 'new' / 'speed.json'
    arguments = [str(TINY), '--batch-size', '1', '2', '--iters', '2', '--warmup', '1', '--expressions', '2']
    benchmark.main([*arguments, '--device', 'cpu', '--json', str(out)])
    content = json.loads(out.read_text())
    assert set(content) == {
        *('device', 'dtype', 'compile', 'mode', 'iters', 'warmup', 'torch', 'peak_memory', 'results', 'expressions'),
    }
    assert (content['mode'], content['dtype'], content['compile']) == ('predict', 'float32', False)
    assert 'CPU' in content['device'] and content['peak_memory'] == 'of the process on the CPU, so far'
    assert [row['batch_size'] for row in content['results']] == [1, 2]
    for row in content['results']:
        assert row['config'] == str(TINY) and row['shape'] == [128, 128]
        assert 0 < row['latency_ms']['p10'] <= row['latency_ms']['median'] <= row['latency_ms']['p90']
        assert row['throughput'] == pytest.approx(1000 * row['batch_size'] / row['latency_ms']['median'])
    peaks = [row['peak_memory_mib'] for row in content['results']]
    assert 100 < peaks[0] <= peaks[1]
    (several,) = content['expressions']
    assert several['expressions'] == 2
    assert several['speedup'] == pytest.approx(
        several['single_calls_ms']['median'] / several['features_kept_ms']['median']
    )
    printed = capsys.readouterr().out
    assert 'batch size 2' in printed and '10th-90th percentile' in printed and 'features kept (ms)' in printed


def test_calls_are_timed_after_the_warmup(benchmark, monkeypatch):
    clock = iter([0.0, 9.0, 10.0, 11.0, 20.0, 23.0])  # a warmup of 9 s, then calls of 1 s and 3 s
    monkeypatch.setattr(benchmark.time, 'perf_counter', lambda: next(clock))
    monkeypatch.setattr(benchmark, 'track_iter_progress', lambda iterable: iterable)
    calls = []
    seconds = benchmark.measure(lambda: calls.append(1), iters=2, warmup=1, device=torch.device('cpu'))
    assert len(calls) == 3
    assert seconds.tolist() == [1.0, 3.0]


def test_latency_is_in_milliseconds(benchmark):
    assert benchmark.latency(np.arange(11) / 1000) == pytest.approx(dict(median=5, p10=1, p90=9))


def test_features_are_encoded_once(benchmark, monkeypatch):
    calls = []

    class Model(SimpleNamespace):
        def __call__(self, inputs, samples, mode):
            calls.append(mode)

    sample = SimpleNamespace(text=None)
    monkeypatch.setattr(benchmark, 'example_batch', lambda model: (torch.zeros(1, 3, 4, 4), [sample]))
    monkeypatch.setattr(benchmark.ReferringTextBatch, 'stack', lambda texts: 'text')
    model = Model(
        encoder=SimpleNamespace(),
        encodes_image_alone=True,
        encode_image=lambda images: calls.append('image'),
        encode_text=lambda text: calls.append(text),
        decode=lambda visual, text: calls.append('decode'),
        postprocess=lambda logits, size, samples: calls.append('mask'),
    )
    several = []

    def measure(call, iters, warmup, device):
        calls.clear()
        call()
        several.append(list(calls))
        return np.ones(1)

    monkeypatch.setattr(benchmark, 'measure', measure)
    args = SimpleNamespace(expressions=2, iters=1, warmup=1)
    benchmark.measure_expressions(model, args, 'a.py', torch.device('cpu'))
    assert several == [['image'], ['image', *['text', 'decode', 'mask'] * 2], ['predict', 'predict']]


def test_joint_encoders_keep_nothing(benchmark, capsys):
    model = SimpleNamespace(encoder=SimpleNamespace(), encodes_image_alone=False)
    args = SimpleNamespace(expressions=2, iters=1, warmup=1)
    assert benchmark.measure_expressions(model, args, 'a.py', torch.device('cpu')) is None
    assert 'encodes image and expression together' in capsys.readouterr().out


def test_benchmark_arguments(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(['a.py', '--iters', '0'])
    assert '0 is not a positive number' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        benchmark.main(['a.py', '--device', 'mps'])
    assert '--device must be cuda, cuda:N or cpu but is mps' in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    'arguments', [['get_flops'], ['benchmark', '--iters', '2', '--warmup', '1', '--device', 'cpu']]
)
def test_as_a_command(arguments, tmp_path):
    name, *options = arguments
    command = [sys.executable, ROOT / f'tools/analysis/{name}.py', TINY, *options, '--json', tmp_path / 'out.json']
    subprocess.run(command, capture_output=True, check=True, cwd=tmp_path)
    (result,) = json.loads((tmp_path / 'out.json').read_text())['results']
    assert result['config'] == str(TINY)
