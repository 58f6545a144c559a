# Copyright (c) mmrrsis contributors.
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmrrsis.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'


@pytest.mark.slow
def test_pretraining_writes_weights_that_the_encoder_reads_and_continues(tmp_path):
    def run(steps):
        command = [sys.executable, str(ROOT / 'tools/pretrain_clip.py'), str(CONFIG), '--work-dir', str(tmp_path)]
        options = ['--steps', steps, '--scenes', '60', '--batch-size', '4', '--workers', '1', '--unmasked-tail', '0.5']
        done = subprocess.run([*command, *options], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    assert 'Continuing' not in run('2')
    init_default_scope('mmrrsis')
    encoder = MODELS.build(dict(Config.fromfile(CONFIG).model.encoder, pretrained=str(tmp_path / 'clip.safetensors')))
    before = encoder.clip.token_embedding.weight.detach().clone()
    encoder.init_weights()
    assert not torch.equal(encoder.clip.token_embedding.weight, before)
    texts = json.loads((tmp_path / 'scenes/train_60.json').read_text())
    assert len(texts) == 60 and all(len(text['regions']) == len(text['expressions']) > 0 for text in texts)
    assert 'Continuing at step 2' in run('4')
