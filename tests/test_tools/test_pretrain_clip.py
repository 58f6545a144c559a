# Copyright (c) mmrrsis contributors.
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmrrsis.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('pretrain_clip', ROOT / 'tools/pretrain_clip.py')
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(
    ('direction', 'before', 'after'),
    [
        ('horizontal', 'The leftmost red ship, right of a dock', 'The rightmost red ship, left of a dock'),
        ('horizontal', 'The upper ship', 'The upper ship'),
        ('vertical', 'Topmost ship above the lower left tank', 'Bottommost ship below the upper left tank'),
        ('vertical', 'The lowest ship', 'The uppermost ship'),
    ],
)
def test_words_are_mirrored_with_the_scene(tool, direction, before, after):
    assert tool.mirror_text(before, direction) == after


def test_mirrored_batches_move_boxes_with_their_pixels(tool):
    rng = np.random.default_rng(0)
    image = np.zeros((8, 8, 3), np.uint8)
    image[1:3, 0:4] = 255
    text = dict(captions=['a scene'], regions=[[0, 1 / 8, 4 / 8, 3 / 8]], expressions=[['the upper left ship']])
    seen = set()
    for _ in range(20):
        batch = tool.build_batch(np.stack([image]), [text], rng, mirror=True)
        left, top, right, bottom = (8 * batch.regions[0]).round().astype(int)
        assert (batch.images[0, top:bottom, left:right] == 255).all() and (batch.images[0] > 0).sum() == 3 * 8
        words = batch.expressions[0].split()
        assert words[1:3] == ['upper' if top == 1 else 'lower', 'left' if left == 0 else 'right']
        seen.add((left, top))
    assert len(seen) == 4


def test_regions_weigh_patches_by_overlap(tool):
    weights = tool.region_weights(np.array([[0.25, 0.0, 0.75, 0.5], [0.0, 0.0, 1.0, 1.0]]), grid=2)
    assert weights.tolist() == [[0.5, 0.5, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]


def test_patch_dropout_knows_what_it_kept(tool):
    torch.manual_seed(0)
    dropout, tokens = tool.PatchDropout(0.5), torch.randn(3, 1 + 16, 4)
    kept = dropout(tokens)
    assert kept.shape == (3, 1 + 8, 4) and torch.equal(kept[:, 0], tokens[:, 0])
    for sample in range(3):
        assert len(set(dropout.kept[sample].tolist())) == 8
        assert torch.equal(kept[sample, 1:], tokens[sample, 1:][dropout.kept[sample]])
    assert dropout.eval()(tokens) is tokens and dropout.kept is None


def test_loss_in_scene_chooses_among_the_regions_of_one_scene(tool):
    gen = torch.Generator().manual_seed(0)
    regions, expressions = torch.randn(5, 4, generator=gen), torch.randn(5, 4, generator=gen)
    scene = torch.tensor([0, 0, 1, 2, 2])
    expected = []
    for index in range(5):
        logits = [3 * expressions[index] @ regions[other] for other in range(5) if scene[other] == scene[index]]
        own = 3 * expressions[index] @ regions[index]
        expected.append(torch.stack(logits).logsumexp(0) - own)
    loss = tool.loss_in_scene(regions, expressions, scene, torch.tensor(3.0))
    torch.testing.assert_close(loss, torch.stack(expected).mean())


@pytest.fixture
def contrasted(tool):
    """Small towers without dropout, a batch of four scenes with two regions each, and what they need."""
    cfg = Config.fromfile(CONFIG)
    arch = cfg.model.encoder.arch.to_dict()
    torch.manual_seed(0)
    model = tool.CLIP(**dict(arch, vision_cfg=dict(arch['vision_cfg'], layers=1, output_tokens=True)))
    model.visual.patch_dropout = tool.PatchDropout(0.0)
    rng = np.random.default_rng(0)
    batch = tool.Batch(
        images=rng.integers(0, 256, (4, 128, 128, 3), dtype=np.uint8),
        captions=['a ship', 'two tanks', 'a road', 'a field of grass'],
        scene_of_region=np.repeat(np.arange(4), 2),
        regions=np.tile([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]], (4, 1)),
        expressions=[f'{place} ship {scene}' for scene in range(4) for place in ('upper left', 'lower right')],
    )
    tokenizer = tool.get_tokenizer('ViT-B-16', context_length=arch['text_cfg']['context_length'])
    return model, batch, cfg, tokenizer


def test_captions_alone_are_contrasted_as_clip_does(tool, contrasted):
    model, batch, cfg, tokenizer = contrasted
    loss = tool.contrast_captions(model, batch, cfg, tokenizer)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        scenes = model.visual(tool.to_tensor(batch.images, cfg))[0].float()
        scenes = scenes / scenes.norm(dim=1, keepdim=True)
        captions = model.encode_text(tokenizer(batch.captions), normalize=True).float()
    logits = (captions @ scenes.T).double() * model.logit_scale.exp().item()
    expected = sum(
        float(-(rows.diagonal() - rows.exp().sum(1).log()).mean()) / 2 for rows in (logits.detach(), logits.detach().T)
    )
    assert loss.item() == pytest.approx(expected, abs=2e-3)  # bfloat16
    others = tool.Batch(**{**vars(batch), 'expressions': ['a tree'] * 8, 'regions': batch.regions[::-1].copy()})
    assert tool.contrast_captions(model, others, cfg, tokenizer).item() == loss.item()
    assert tool.contrast_captions_and_regions(model, others, cfg, tokenizer).item() != pytest.approx(
        tool.contrast_captions_and_regions(model, batch, cfg, tokenizer).item(), abs=1e-4
    )


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
