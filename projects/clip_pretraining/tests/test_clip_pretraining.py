# Copyright (c) mmrrsis contributors.
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from clip_pretraining import CLIPPretrainer, RetrievalMetric, SceneTextSample, clip_pretrainer, command_line
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope
from safetensors import safe_open

from mmrrsis.checkpoint_file import read_checkpoint_file
from mmrrsis.engine import check_config, load_config
from mmrrsis.registry import MODELS, TOKENIZERS

ROOT = Path(__file__).resolve().parents[3]
TOWERS = ROOT / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'
CONFIG = ROOT / 'projects/clip_pretraining/configs/clip_tiny_synthrs.py'


def test_regions_weigh_patches_by_overlap():
    regions = torch.tensor([[0.25, 0.0, 0.75, 0.5], [0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.0, 0.25]])
    weights = clip_pretrainer.region_weights(regions, grid=2)
    assert weights.tolist() == [[0.5, 0.5, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.5, 0.0, 0.0]]


def test_patch_dropout_knows_what_it_kept():
    torch.manual_seed(0)
    dropout, tokens = clip_pretrainer.PatchDropout(0.5), torch.randn(3, 1 + 16, 4)
    kept = dropout(tokens)
    assert kept.shape == (3, 1 + 8, 4) and torch.equal(kept[:, 0], tokens[:, 0])
    for sample in range(3):
        assert len(set(dropout.kept[sample].tolist())) == 8
        assert torch.equal(kept[sample, 1:], tokens[sample, 1:][dropout.kept[sample]])
    assert dropout.eval()(tokens) is tokens and dropout.kept is None


def test_loss_in_scene_chooses_among_the_regions_of_one_scene():
    gen = torch.Generator().manual_seed(0)
    regions, expressions = torch.randn(5, 4, generator=gen), torch.randn(5, 4, generator=gen)
    scene = torch.tensor([0, 0, 1, 2, 2])
    expected = []
    for index in range(5):
        logits = [3 * expressions[index] @ regions[other] for other in range(5) if scene[other] == scene[index]]
        own = 3 * expressions[index] @ regions[index]
        expected.append(torch.stack(logits).logsumexp(0) - own)
    loss = clip_pretrainer.loss_in_scene(regions, expressions, scene, torch.tensor(3.0))
    torch.testing.assert_close(loss, torch.stack(expected).mean())


def build(**changes):
    """Small towers without dropout."""
    arch = Config.fromfile(TOWERS).model.encoder.arch.to_dict()
    torch.manual_seed(0)
    arch['vision_cfg'] = dict(arch['vision_cfg'], layers=1)
    return CLIPPretrainer(**{**dict(arch=arch, patch_dropout=0.0), **changes})


def pack(caption, regions, expressions):
    tokenizer = TOKENIZERS.build(dict(type='CLIPTokenizer', max_tokens=22))
    sample = SceneTextSample()
    sample.caption_ids, sample.expression_ids = (
        torch.stack([tokenizer(text).token_ids for text in texts]) if texts else torch.zeros(0, 22, dtype=torch.int64)
        for texts in (caption, expressions)
    )
    sample.regions = torch.tensor(regions).reshape(-1, 4)
    return sample


@pytest.fixture
def batch():
    """Four scenes of different brightness with two regions each."""
    images = torch.randn(4, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    images += 2 * torch.tensor([-1.5, -0.5, 0.5, 1.5])[:, None, None, None]
    boxes = [[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]]
    captions = ['a ship', 'two tanks', 'a road', 'a field of grass']
    samples = [
        pack([caption], boxes, [f'{place} ship {scene}' for place in ('upper left', 'lower right')])
        for scene, caption in enumerate(captions)
    ]
    return images, samples


def expected_loss(images, texts, scale):
    """CLIP's loss, written out."""
    logits = (texts.double() @ images.double().T) * scale
    both = (logits, logits.T)
    return sum(float(-(rows.diagonal() - rows.exp().sum(1).log()).mean()) / 2 for rows in both)


def test_losses_are_those_of_clip_between_captions_and_between_regions(batch):
    model, (images, samples) = build(), batch
    losses = model(images, samples, mode='loss')
    with torch.no_grad():
        found = model(images, samples, mode='predict')
    scenes, captions = torch.stack([f['scene'] for f in found]), torch.cat([f['captions'] for f in found])
    regions, expressions = (torch.cat([f[key] for f in found]) for key in ('regions', 'expressions'))
    scale = model.clip.logit_scale.exp().item()
    bfloat16 = dict(abs=2e-2)
    assert losses['loss_captions'].item() == pytest.approx(expected_loss(scenes, captions, scale), **bfloat16)
    assert losses['loss_regions'].item() == pytest.approx(expected_loss(regions, expressions, scale), **bfloat16)
    pairs = torch.stack([f['expressions'] @ f['regions'].T for f in found]).double() * scale
    own = pairs.diagonal(dim1=1, dim2=2) - pairs.logsumexp(2)
    assert losses['loss_regions_in_scene'].item() == pytest.approx(-own.mean().item(), **bfloat16)


def test_features_are_means_over_patches_in_the_joint_space(batch):
    model, (images, samples) = build().eval(), batch
    found = model(images, samples, mode='predict')
    _, tokens = model.clip.visual(images)
    quarter = tokens.reshape(4, 16, 16, -1)[2, 8:, 8:].flatten(0, 1).mean(0) @ model.clip.visual.proj
    torch.testing.assert_close(found[2]['regions'][1], quarter / quarter.norm(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model(images, samples)[2], found[2]['scene'])


def test_regions_are_means_over_the_patches_that_dropout_left():
    """Regions of one patch: about half of them are dropped, and their expressions with them."""
    model = build(patch_dropout=0.5)
    images = torch.randn(3, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    places = [(0, 0), (3, 5), (9, 2), (15, 15), (7, 7), (12, 4)]  # row, column
    boxes = [[column / 16, row / 16, (column + 1) / 16, (row + 1) / 16] for row, column in places]
    texts = [f'ship {number}' for number in range(6)]
    samples = [pack(['a ship'], boxes, texts), pack(['a tank'], [], []), pack(['a road'], boxes, texts)]
    owners = torch.tensor([0] * 6 + [2] * 6)
    torch.manual_seed(3)
    _, found, visible = model.encode_images(images, torch.tensor(boxes + boxes), owners)
    kept = model.patch_dropout.kept.tolist()
    torch.manual_seed(3)
    _, tokens = model.clip.visual(images)
    patches = [(owner, 16 * row + column) for owner in (0, 2) for row, column in places]
    assert visible.tolist() == [patch in kept[owner] for owner, patch in patches] and 0 < visible.sum() < 12
    for region, (owner, patch) in enumerate(patches):
        if visible[region]:
            expected = tokens[owner, kept[owner].index(patch)] @ model.clip.visual.proj
            torch.testing.assert_close(found[region], expected / expected.norm(), rtol=1e-4, atol=1e-5)
    torch.manual_seed(3)
    losses = model(images, samples, mode='loss')
    words = model.clip.encode_text(torch.cat([sample.expression_ids for sample in samples]), normalize=True)
    pairs = (words[visible] @ found[visible].T).detach()
    scale = model.clip.logit_scale.exp().item()
    unit = torch.eye(len(pairs))
    assert losses['loss_regions'].item() == pytest.approx(expected_loss(unit, pairs, scale), abs=2e-2)


def test_captions_alone_leave_regions_out(batch):
    model, (images, samples) = build(contrast_regions=False), batch
    others = [pack(['a ship'], [], []) for _ in samples]
    for other, sample in zip(others, samples, strict=True):
        other.caption_ids = sample.caption_ids
    losses = model(images, samples, mode='loss')
    assert list(losses) == ['loss_captions']
    assert losses['loss_captions'].item() == model(images, others, mode='loss')['loss_captions'].item()
    losses['loss_captions'].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize('missing', ['captions', 'regions'])
def test_scenes_may_lack_a_kind_of_text(batch, missing):
    model, (images, samples) = build(), batch
    whole = model(images, samples, mode='loss')
    for sample in samples[1:3]:
        lacking = pack([], [], [])
        if missing == 'captions':
            sample.caption_ids = lacking.caption_ids
        else:
            sample.regions, sample.expression_ids = lacking.regions, lacking.expression_ids
    some = model(images, samples, mode='loss')
    kept = model(images[[0, 3]], [samples[0], samples[3]], mode='loss')
    changed = {'captions': ['loss_captions'], 'regions': ['loss_regions', 'loss_regions_in_scene']}[missing]
    for key in whole:
        expected = kept if key in changed else whole
        assert some[key].item() == pytest.approx(expected[key].item(), abs=2e-2), key
    for sample in samples:
        sample.update(pack([], [], []) if missing == 'captions' else sample)
    if missing == 'captions':  # nothing to learn from is no error and no NaN
        losses = model(images, samples, mode='loss')
        assert all(loss.item() == 0 for loss in losses.values())
        sum(losses.values()).backward()


def test_position_embeddings_start_as_sines_and_cosines():
    positions = build().clip.visual.positional_embedding.detach()
    assert positions.shape == (257, 128) and positions[1:].abs().max() == 1
    torch.testing.assert_close(positions[1:].norm(dim=1), torch.full((256,), math.sqrt(64)))


def test_unknown_mode_is_an_error(batch):
    with pytest.raises(ValueError, match="mode='train' is none of 'loss', 'predict', 'tensor'"):
        build()(*batch, mode='train')


def test_recall_and_regions_are_counted():
    unit = torch.eye(6)
    samples = [
        dict(scene=unit[i], captions=unit[j : j + 1], regions=unit[:n], expressions=unit[order])
        for i, j, n, order in ((0, 0, 2, [0, 1]), (1, 2, 2, [1, 0]), (2, 2, 1, [0]), (3, 3, 3, [0, 1, 1]))
    ]
    samples.append(dict(scene=unit[4], captions=unit[:0], regions=unit[:0], expressions=unit[:0]))
    metric = RetrievalMetric()
    metric.process({}, samples)
    scores = metric.evaluate(size=5)
    # The second scene's caption lies at the third scene; its regions are exchanged; the last of three is missed.
    assert scores['text_to_image_R@1'] == 75.0 and scores['text_to_image_R@5'] == 100.0
    assert scores['image_to_text_R@1'] == 100.0
    assert scores['region_in_scene'] == pytest.approx(100 * 4 / 7, abs=0.01)
    assert scores['region_by_chance'] == pytest.approx(100 * 3 / 7, abs=0.01)


def test_figures_without_texts_are_left_out():
    metric, unit = RetrievalMetric(), torch.eye(2)
    metric.process({}, [dict(scene=unit[0], captions=unit[:1], regions=unit[:1], expressions=unit[:1])])
    assert set(metric.evaluate(size=1)) == {
        f'{way}_R@{k}' for way in ('text_to_image', 'image_to_text') for k in (1, 5)
    }


def rates(cfg):
    """Learning rates of all iterations."""
    wrapper = build_optim_wrapper(torch.nn.Linear(1, 1), dict(cfg.optim_wrapper, paramwise_cfg=None))
    schedulers = [PARAM_SCHEDULERS.build(dict(one, optimizer=wrapper)) for one in cfg.param_scheduler]
    found = []
    for _ in range(cfg.train_cfg.max_iters):
        found.append(wrapper.get_lr()['lr'][0])
        wrapper.step()
        for scheduler in schedulers:
            scheduler.step()
    return found


@pytest.mark.parametrize('steps', [5, 30, 1200])
def test_rate_rises_over_3_percent_and_falls_as_a_cosine(steps):
    init_default_scope('mmrrsis')
    args = command_line.parse_args([str(TOWERS), '--work-dir', 'w', '--steps', str(steps), '--lr', '2e-3'])
    found = rates(command_line.pretraining_config(args))
    cosine = [2e-3 * 0.5 * (1 + math.cos(math.pi * i / steps)) + 1e-6 for i in range(steps)]
    warm_up = math.ceil(0.03 * steps)
    assert found[0] == pytest.approx(1e-6)
    assert found[warm_up:] == pytest.approx(cosine[warm_up:], rel=1e-6)
    rising = [2e-3 * i / warm_up + 1e-6 for i in range(warm_up)]
    assert found[:warm_up] == pytest.approx(rising, rel=3e-3)


def test_options_without_values_give_the_config_as_it_is():
    args = command_line.parse_args([str(TOWERS), '--work-dir', 'w'])
    built, plain = command_line.pretraining_config(args), load_config(CONFIG)
    for cfg in (built, plain):
        check_config(cfg)
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            loader.dataset.data_root = 'here'
    for key in ('model', 'train_dataloader', 'val_dataloader', 'train_cfg', 'custom_hooks', 'val_evaluator'):
        left, right = (cfg[key] for cfg in (built, plain))
        if key.endswith('loader'):  # the command states what is the default of the data set
            left, right = (
                json.dumps(
                    dict(
                        x,
                        dataset=dict(
                            seed=0, workers=2, **{k: v for k, v in x.dataset.items() if k not in ('seed', 'workers')}
                        ),
                    ),
                    sort_keys=True,
                )
                for x in (left, right)
            )
        assert left == right, key
    assert built.optim_wrapper == plain.optim_wrapper and built.param_scheduler == plain.param_scheduler


def test_what_is_a_vector_or_an_embedding_does_not_decay():
    cfg = load_config(CONFIG)
    model = MODELS.build(dict(cfg.model, _scope_='mmrrsis'))
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    decays = {id(p): group['weight_decay'] for group in wrapper.param_groups for p in group['params']}
    for name, parameter in model.named_parameters():
        expected = 0.1 if parameter.ndim >= 2 and 'embedding' not in name else 0.0
        assert decays[id(parameter)] == expected, name


@pytest.mark.slow
def test_pretraining_writes_weights_that_the_encoder_reads_and_continues(tmp_path):
    def run(steps):
        command = [sys.executable, str(ROOT / 'tools/pretrain_clip.py'), str(TOWERS), '--work-dir', str(tmp_path)]
        options = ['--steps', steps, '--scenes', '60', '--batch-size', '4', '--workers', '1', '--unmasked-tail', '0.5']
        done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout + done.stderr

    first = run('2')
    assert 'resumed epoch' not in first and 'region_by_chance: 40.7000' in first
    init_default_scope('mmrrsis')
    encoder = MODELS.build(dict(Config.fromfile(TOWERS).model.encoder, pretrained=str(tmp_path / 'clip.safetensors')))
    before = encoder.clip.token_embedding.weight.detach().clone()
    encoder.init_weights()
    after = encoder.clip.token_embedding.weight.detach()
    assert not torch.equal(after, before)
    tokenizer = TOKENIZERS.build(dict(type='CLIPTokenizer', max_tokens=22))
    entries = json.loads((tmp_path / 'scenes/train_60.json').read_text())['data_list']
    assert len(entries) == 60 and all(len(one['regions']) == len(one['expressions']) > 0 for one in entries)
    texts = ['the rightmost', *(entry['expressions'][0][0] for entry in entries)]  # mirrored words are kept too
    assert all((after[tokenizer(text).token_ids[tokenizer(text).token_mask]] != 0).any(1).all() for text in texts)

    images = np.load(tmp_path / 'scenes/train_60.npy')
    assert images.shape == (60, 128, 128, 3) and images.std() > 10
    assert 'resumed epoch: 0, iter: 2' in run('4')
    assert read_checkpoint_file(tmp_path / 'iter_4.pth')['meta']['iter'] == 4
    with safe_open(tmp_path / 'clip.safetensors', 'pt') as file:
        assert file.metadata().items() >= dict(format='pt', steps='4').items()
