# Copyright (c) mmrrsis contributors.
"""Pretrain small CLIP towers on SynthRS scenes, captions and regions.

The tiny configurations start from these weights, as CD2FSAN starts from CLIP's. The objective is open_clip's own
contrastive loss, twice: between scenes and their captions, as CLIP does it, and between the regions (boxes) of a
scene's objects and their referring expressions, as RegionCLIP (Zhong et al., CVPR 2022) does it; and once more with
only the regions of the same scene to choose from, where colour and category often do not suffice. A mean over all
patches hardly teaches left from right. Every scene is mirrored at random, and its words with it. Position embeddings
start as sines and cosines: at CLIP's scale they would drown in the patches for most of a training this short.

    python tools/pretrain_clip.py configs/cd2fsan/cd2fsan_tiny_synthrs.py --work-dir work_dirs/pretrain_clip

With ``--captions-only`` the objective is CLIP's alone. Such towers know what a scene holds and hardly where
(docs/ablations.md).

Safe to stop and run again: rendered scenes and the last checkpoint are kept. Writes ``clip.safetensors`` and
``log.jsonl`` into the work directory.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import mmengine
import numpy as np
import torch
from mmengine.config import Config
from open_clip import ClipLoss, get_tokenizer
from open_clip.model import CLIP
from safetensors.torch import save_file
from timm.layers import build_sincos2d_pos_embed
from torch import Tensor, nn
from torch.nn import functional

from mmrrsis.checkpoint import pack_embedding
from mmrrsis.datasets.synthesis import SceneGenerator

CHUNK = 100  # scenes rendered by one job
CAPTIONS = 6  # captions drawn per scene
EVALUATE_EVERY = 200  # steps

#: What a word becomes when the scene is mirrored.
MIRRORED_WORDS = dict(
    horizontal={'left': 'right', 'leftmost': 'rightmost'},
    vertical={'top': 'bottom', 'upper': 'lower', 'above': 'below', 'topmost': 'bottommost', 'uppermost': 'lowest'},
)
MIRRORED_WORDS = {
    direction: words | {after: before for before, after in words.items()}
    for direction, words in MIRRORED_WORDS.items()
}


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config whose model.encoder.arch describes the towers')
    parser.add_argument('--work-dir', required=True, help='where scenes, checkpoints and the result go')
    parser.add_argument('--steps', type=int, default=1200, help='optimisation steps; the learning rate ends with them')
    parser.add_argument('--scenes', type=int, default=20000, help='scenes rendered for training')
    parser.add_argument('--full-share', type=float, default=0.35, help='share of scenes of level full, the rest easy')
    parser.add_argument('--batch-size', type=int, default=64, help='scenes in a batch')
    parser.add_argument(
        '--captions-only', action='store_true', help='learn from scenes and captions as CLIP does, without regions'
    )
    parser.add_argument('--lr', type=float, default=1e-3)
    parser.add_argument('--patch-dropout', type=float, default=0.5, help='share of patches left out (FLIP)')
    parser.add_argument('--unmasked-tail', type=float, default=0.2, help='share of the steps without patch dropout')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=2, help='processes that render')
    return parser.parse_args()


def render_chunk(
    level: str, split: str, seed: int, start: int, count: int, size: int
) -> tuple[np.ndarray, list[dict]]:
    """Render scenes ``start`` to ``start + count``; boxes are ``(left, top, right, bottom)`` as parts of the image."""
    cv2.setNumThreads(0)  # one process per core already
    generator = SceneGenerator(level=level, image_size=256, seed=seed)
    images, texts = [], []
    for index in range(start, start + count):
        scene = generator.generate(index, split=split)
        rng = np.random.default_rng((seed, index))
        images.append(cv2.resize(scene.image, (size, size), interpolation=cv2.INTER_AREA))
        referred = [(scene.objects[referral.object_index], referral.expressions) for referral in scene.referrals]
        texts.append(
            dict(
                captions=[scene.caption(rng) for _ in range(CAPTIONS)],
                regions=[[float(edge) / 256 for edge in item.box] for item, _ in referred],
                expressions=[list(expressions) for _, expressions in referred],
            )
        )
    return np.stack(images), texts


def render_pool(
    folder: Path, split: str, counts: dict[str, int], size: int, seed: int, workers: int
) -> tuple[np.ndarray, list[dict]]:
    """Render scenes of several levels into a memory-mapped array, once."""
    total = sum(counts.values())
    image_file, text_file = folder / f'{split}_{total}.npy', folder / f'{split}_{total}.json'
    if not text_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        images = np.lib.format.open_memmap(image_file, 'w+', np.uint8, (total, size, size, 3))
        jobs = [
            (level, split, seed, start, min(CHUNK, count - start), size)
            for level, count in counts.items()
            for start in range(0, count, CHUNK)
        ]
        texts: list[dict] = []
        progress = mmengine.ProgressBar(len(jobs))
        with ProcessPoolExecutor(workers) as pool:
            for chunk, chunk_texts in pool.map(render_chunk, *zip(*jobs, strict=True)):
                images[len(texts) : len(texts) + len(chunk)] = chunk
                texts += chunk_texts
                progress.update()
        images.flush()
        text_file.write_text(json.dumps(texts), encoding='utf-8')
    return np.load(image_file, mmap_mode='r'), json.loads(text_file.read_text(encoding='utf-8'))


def mirror_text(text: str, direction: str) -> str:
    """Exchange the words of place, keeping capitals: ``'The left ship'`` becomes ``'The right ship'``."""

    def exchange(match: re.Match[str]) -> str:
        word = match[0]
        other = MIRRORED_WORDS[direction].get(word.lower(), word)
        return other.capitalize() if word[0].isupper() else other

    return re.sub(r'[A-Za-z]+', exchange, text)


class PatchDropout(nn.Module):
    """Leaves patches out as open_clip's module does (FLIP, Li et al., CVPR 2023), and remembers which are kept.

    Args:
        prob: Share of patches left out; none are when it is zero or the module evaluates.
    """

    def __init__(self, prob: float) -> None:
        super().__init__()
        self.prob = prob
        self.kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Keep the class token and a part of ``(B, 1 + N, C)``; ``kept`` becomes ``(B, K)``, or None for all."""
        self.kept = None
        if not self.training or self.prob == 0:
            return x
        count, patches = x.shape[0], x.shape[1] - 1
        self.kept = torch.rand(count, patches).topk(max(1, int(patches * (1 - self.prob)))).indices
        return torch.cat([x[:, :1], x[:, 1:].gather(1, self.kept[:, :, None].expand(-1, -1, x.shape[2]))], 1)


@dataclass
class Batch:
    """Scenes with a caption each, and their regions with an expression each.

    Attributes:
        images: ``(B, size, size, 3)`` uint8 RGB.
        captions: ``B`` texts.
        scene_of_region: ``(R,)``, which scene a region belongs to.
        regions: ``(R, 4)``, left, top, right, bottom as parts of the image.
        expressions: ``R`` texts.
    """

    images: np.ndarray
    captions: list[str]
    scene_of_region: np.ndarray
    regions: np.ndarray
    expressions: list[str]


def build_batch(images: np.ndarray, texts: list[dict], rng: np.random.Generator, mirror: bool) -> Batch:
    """Choose a caption per scene and an expression per region, and mirror scenes at random if asked."""
    pictures, captions, scene_of_region, regions, expressions = [], [], [], [], []
    for scene, (picture, text) in enumerate(zip(images, texts, strict=True)):
        boxes = np.array(text['regions'])
        chosen = [pool[rng.integers(len(pool))] for pool in (text['captions'], *text['expressions'])]
        if mirror and rng.random() < 0.5:
            picture, boxes = (
                picture[:, ::-1],
                np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], 1),
            )
            chosen = [mirror_text(one, 'horizontal') for one in chosen]
        if mirror and rng.random() < 0.5:
            picture, boxes = picture[::-1], np.stack([boxes[:, 0], 1 - boxes[:, 3], boxes[:, 2], 1 - boxes[:, 1]], 1)
            chosen = [mirror_text(one, 'vertical') for one in chosen]
        pictures.append(picture)
        captions.append(chosen[0])
        scene_of_region += [scene] * len(boxes)
        regions.append(boxes)
        expressions += chosen[1:]
    return Batch(np.stack(pictures), captions, np.array(scene_of_region), np.concatenate(regions), expressions)


def batches(images: np.ndarray, texts: list[dict], batch_size: int, seed: int) -> Iterator[Batch]:
    """Yield random batches without end."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.choice(len(images), batch_size, replace=False)
        yield build_batch(images[np.sort(order)], [texts[i] for i in np.sort(order)], rng, mirror=True)


def to_tensor(images: np.ndarray, cfg: Config) -> Tensor:
    """Normalise ``(B, H, W, 3)`` uint8 RGB as the data preprocessor does."""
    mean, std = (torch.tensor(cfg.model.data_preprocessor[key]).view(3, 1, 1) for key in ('mean', 'std'))
    return (torch.from_numpy(images).permute(0, 3, 1, 2).float() - mean) / std


def region_weights(regions: np.ndarray, grid: int) -> Tensor:
    """Return ``(R, grid * grid)``, how much of each patch a region covers."""
    edges = np.arange(grid) / grid
    overlap = [
        np.clip(
            np.minimum(regions[:, axis + 2, None], edges + 1 / grid) - np.maximum(regions[:, axis, None], edges),
            0,
            None,
        )
        for axis in (0, 1)
    ]
    return torch.from_numpy(overlap[1][:, :, None] * overlap[0][:, None, :] * grid**2).float().flatten(1)


def encode_images(model: CLIP, batch: Batch, cfg: Config) -> tuple[Tensor, Tensor, Tensor]:
    """Encode scenes and regions; a region's feature is the mean over the patches in its box.

    Returns:
        Unit features of the scenes ``(B, D)`` and of the regions ``(R, D)``, and ``(R,)``, which regions have a patch
        left after patch dropout.
    """
    scenes, tokens = model.visual(to_tensor(batch.images, cfg))
    owners = torch.from_numpy(batch.scene_of_region)
    weights = region_weights(batch.regions, model.visual.grid_size[0])
    if model.visual.patch_dropout.kept is not None:
        weights = weights.gather(1, model.visual.patch_dropout.kept[owners])
    covered = weights.sum(1)
    weights = (weights / covered.clamp_min(1e-6)[:, None]).to(tokens.dtype)
    regions = torch.einsum('rn,rnc->rc', weights, tokens[owners]) @ model.visual.proj
    return functional.normalize(scenes, dim=-1), functional.normalize(regions, dim=-1), covered > 0.5


def loss_in_scene(regions: Tensor, expressions: Tensor, scene_of_region: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy of choosing an expression's region among those of its scene.

    Args:
        regions: Unit features ``(R, D)``.
        expressions: Unit features ``(R, D)`` of the expressions that belong to them.
        scene_of_region: ``(R,)``.
        scale: Inverse temperature.

    Returns:
        The mean over the R expressions.
    """
    logits = scale * expressions @ regions.T
    logits = logits.masked_fill(scene_of_region[:, None] != scene_of_region, -torch.inf)
    return functional.cross_entropy(logits, torch.arange(len(logits)))


def contrast_captions(model: CLIP, batch: Batch, cfg: Config, tokenizer) -> Tensor:  # noqa: ANN001
    """CLIP's objective: scenes against captions."""
    with torch.autocast('cpu', torch.bfloat16):
        scenes = functional.normalize(model.visual(to_tensor(batch.images, cfg))[0], dim=-1).float()
        captions = model.encode_text(tokenizer(batch.captions), normalize=True).float()
    return ClipLoss()(scenes, captions, model.logit_scale.exp())


def contrast_captions_and_regions(model: CLIP, batch: Batch, cfg: Config, tokenizer) -> Tensor:  # noqa: ANN001
    """Scenes against captions, and regions against expressions in the batch and in the scene."""
    with torch.autocast('cpu', torch.bfloat16):
        scenes, regions, visible = encode_images(model, batch, cfg)
        words = model.encode_text(tokenizer(batch.captions + batch.expressions), normalize=True).float()
    captions, expressions = words.split([len(batch.captions), len(batch.expressions)])
    scale = model.logit_scale.exp()
    regions, expressions = regions[visible].float(), expressions[visible]
    owners = torch.from_numpy(batch.scene_of_region)[visible]
    loss = ClipLoss()
    return (
        loss(scenes.float(), captions, scale)
        + loss(regions, expressions, scale)
        + loss_in_scene(regions, expressions, owners, scale)
    )


@torch.no_grad()
def evaluate(model: CLIP, batch: Batch, cfg: Config, tokenizer) -> dict[str, float]:  # noqa: ANN001
    """Recall at 1 and 5 among all scenes, both ways, and how often an expression finds its region in its scene."""
    model.eval()
    parts = [range(start, min(start + 64, len(batch.images))) for start in range(0, len(batch.images), 64)]
    encoded = []
    for part in parts:
        inside = (batch.scene_of_region >= part.start) & (batch.scene_of_region < part.stop)
        owners = batch.scene_of_region[inside] - part.start
        encoded.append(
            encode_images(
                model, Batch(batch.images[part.start : part.stop], [], owners, batch.regions[inside], []), cfg
            )
        )
    scenes, regions, _ = (torch.cat(features) for features in zip(*encoded, strict=True))
    captions = model.encode_text(tokenizer(batch.captions), normalize=True)
    expressions = model.encode_text(tokenizer(batch.expressions), normalize=True)
    model.train()
    similarity = captions @ scenes.T
    scores = {}
    for name, matrix in (('text_to_image', similarity), ('image_to_text', similarity.T)):
        rank = (matrix > matrix.diagonal()[:, None]).sum(1)
        for k in (1, 5):
            scores[f'{name}_R@{k}'] = round(100 * (rank < k).float().mean().item(), 2)
    owners = torch.from_numpy(batch.scene_of_region)
    same_scene = owners[:, None] == owners
    has_company = same_scene.sum(1) > 1
    preferred = (expressions @ regions.T).masked_fill(~same_scene, -1).argmax(1) == torch.arange(len(owners))
    scores['region_in_scene'] = round(100 * preferred[has_company].float().mean().item(), 2)
    scores['region_by_chance'] = round(100 * (1 / same_scene.sum(1)[has_company]).mean().item(), 2)
    return scores


def main() -> None:
    """Render, train, evaluate, write the weights."""
    args = parse_args()
    work_dir = Path(args.work_dir)
    work_dir.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    cfg = Config.fromfile(args.config)
    arch = cfg.model.encoder.arch.to_dict()
    size = cfg.model.encoder.image_size
    tokenizer = get_tokenizer('ViT-B-16', context_length=arch['text_cfg']['context_length'])

    full = int(args.scenes * args.full_share)
    counts = dict(easy=args.scenes - full, full=full)
    images, texts = render_pool(work_dir / 'scenes', 'train', counts, size, args.seed, args.workers)
    val_images, val_texts = render_pool(work_dir / 'scenes', 'val', dict(easy=256), size, args.seed, args.workers)
    val_batch = build_batch(val_images, val_texts, np.random.default_rng(args.seed), mirror=False)

    arch['vision_cfg'] = dict(arch['vision_cfg'], output_tokens=True)
    model = CLIP(**arch)
    model.visual.patch_dropout = PatchDropout(args.patch_dropout)
    positions = build_sincos2d_pos_embed(list(model.visual.grid_size), arch['vision_cfg']['width'])
    model.visual.positional_embedding.data[1:] = positions  # the first one is the class token's
    decayed = [p for name, p in model.named_parameters() if p.ndim >= 2 and 'embedding' not in name]
    others = [p for name, p in model.named_parameters() if p.ndim < 2 or 'embedding' in name]
    optimizer = torch.optim.AdamW(
        [dict(params=decayed, weight_decay=0.1), dict(params=others, weight_decay=0.0)],
        lr=args.lr,
        betas=(0.9, 0.98),
        fused=True,
    )
    state_file, log_file = work_dir / 'last.pth', work_dir / 'log.jsonl'
    start, spent = 0, 0.0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state['model'])
        optimizer.load_state_dict(state['optimizer'])
        start, spent = state['step'], state['spent']
        print(f'Continuing at step {start}, after {spent / 60:.1f} minutes.')
    # On a CPU the fused attention's backward pass in bfloat16 takes longer than all the rest of a step.
    torch.backends.cuda.enable_flash_sdp(False)
    stream = batches(images, texts, args.batch_size, args.seed + start)
    used_texts = [one for text in texts for pool in (text['captions'], *text['expressions']) for one in pool]
    mirrored = [mirror_text(mirror_text(one, 'horizontal'), 'vertical') for one in used_texts]
    row_ids = torch.tensor(sorted(set(tokenizer(used_texts + mirrored).flatten().tolist())))

    def save(step: int) -> None:
        state = dict(model=model.state_dict(), optimizer=optimizer.state_dict(), step=step, spent=spent)
        torch.save(state, f'{state_file}.tmp')
        os.replace(f'{state_file}.tmp', state_file)
        weights = pack_embedding(
            {k: v.contiguous() for k, v in model.state_dict().items()}, 'token_embedding', row_ids
        )
        half = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
        save_file(half, work_dir / 'clip.safetensors', metadata=dict(format='pt', steps=str(step)))

    running, started = None, time.time() - spent
    for step in range(start + 1, args.steps + 1):
        progress = (step - 1) / args.steps
        lr = args.lr * min(progress / 0.03, 0.5 * (1 + math.cos(math.pi * progress))) + 1e-6
        for group in optimizer.param_groups:
            group['lr'] = lr
        if progress >= 1 - args.unmasked_tail:
            model.visual.patch_dropout.prob = 0.0
        batch = next(stream)
        if args.captions_only:
            loss = contrast_captions(model, batch, cfg, tokenizer)
        else:
            loss = contrast_captions_and_regions(model, batch, cfg, tokenizer)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        model.logit_scale.data.clamp_(max=math.log(100))
        spent = time.time() - started
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if step % EVALUATE_EVERY == 0 or step == args.steps:
            entry = dict(step=step, minutes=round(spent / 60, 1), loss=round(running, 3), lr=round(lr, 6))
            entry |= evaluate(model, val_batch, cfg, tokenizer)
            print(json.dumps(entry), flush=True)
            with log_file.open('a') as file:
                file.write(json.dumps(entry) + '\n')
            save(step)
    print(f'Wrote {work_dir / "clip.safetensors"}.')


if __name__ == '__main__':
    main()
