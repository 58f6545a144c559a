# Copyright (c) mmrrsis contributors.
"""What a project's tests check: the component by hand, the whole model's gradients, the commands of the README."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from example_method import SentenceFiLM
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from mmrrsis.checkpoint_file import read_checkpoint_file
from mmrrsis.datasets import SynthRSDataset
from mmrrsis.datasets.synthesis.dataset_settings import DatasetSettings, write_dataset
from mmrrsis.engine import check_config, load_config
from mmrrsis.registry import MODELS
from mmrrsis.structures import TextFeatures

ROOT = Path(__file__).resolve().parents[3]
CONFIG = 'projects/example_method/configs/film_tiny_synthrs.py'


def text(sentence):
    return TextFeatures(words=torch.zeros(2, 1, 1), word_mask=torch.ones(2, 1, dtype=torch.bool), sentence=sentence)


def test_map_is_scaled_and_shifted_by_its_own_sentence():
    film = SentenceFiLM(channels=1, sentence_channels=2)
    feature = torch.arange(8.0).reshape(2, 1, 2, 2)
    sentence = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert torch.equal(film(feature, text(sentence)), feature)  # untrained: the identity
    film.film.weight.data = torch.tensor([[0.5, 1.0], [0.0, -3.0]])
    modulated = film(feature, text(sentence))
    assert torch.equal(modulated[0], feature[0] * 1.5) and torch.equal(modulated[1], feature[1] * 2 - 3)


def test_encoder_without_a_sentence_is_named():
    with pytest.raises(ValueError, match='needs a sentence feature, but model.encoder gives words only'):
        SentenceFiLM(channels=1, sentence_channels=2)(torch.zeros(2, 1, 2, 2), text(None))


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('example') / 'data'
    write_dataset(folder, DatasetSettings('rrsisd', 'easy', train=4, val=2, test=1), workers=1)
    return folder


def test_gradients_reach_every_parameter(data):
    init_default_scope('mmrrsis')
    cfg = load_config(ROOT / CONFIG)
    check_config(cfg)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    dataset = SynthRSDataset(data, 'train', cfg.train_pipeline)
    batch = model.data_preprocessor(pseudo_collate([dataset[index] for index in range(2)]), training=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for _ in range(2):  # two steps: a layer that starts at zero holds back the gradient of its input in the first
        optimizer.zero_grad()
        sum(model(**batch, mode='loss').values()).backward()
        optimizer.step()
    assert isinstance(model.neck.alignment, SentenceFiLM)
    unreached = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert unreached == []
    assert model.neck.alignment.film.weight.grad.abs().sum() > 0


@pytest.mark.slow
def test_two_processes_train_from_the_checkout_without_a_python_path(data, tmp_path):
    """One process is what tests/test_docs does."""
    options = [f'{split}_dataloader.dataset.data_root={data}' for split in ('train', 'val', 'test')]
    options += ['train_dataloader.batch_size=2', 'train_cfg.max_iters=2', 'train_cfg.val_interval=2']
    environment = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    port = str(29000 + os.getpid() % 900)
    environment |= dict(PYTHON=sys.executable, PORT=port, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    done = subprocess.run(
        ['tools/dist_train.sh', CONFIG, '2', '--work-dir', str(tmp_path / 'run'), '--cfg-options', *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    (checkpoint,) = (tmp_path / 'run').glob('best_mIoU_*.pth')
    trained = read_checkpoint_file(checkpoint)['state_dict']['neck.alignment.film.weight']
    assert trained.abs().max() > 0
