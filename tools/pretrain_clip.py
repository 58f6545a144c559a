# Copyright (c) mmrrsis contributors.
"""Pretrain small CLIP towers on SynthRS scenes and captions.

The tiny configurations start from these weights, as CD2FSAN starts from CLIP's. The objective is open_clip's own
contrastive loss. Half of a batch are whole scenes with a caption or a referring expression, half are crops around one
object with its colour and category, each pair of the two once per batch, so that no crop is a false negative.

    python tools/pretrain_clip.py configs/cd2fsan/cd2fsan_tiny_synthrs.py --work-dir work_dirs/pretrain_clip

Safe to stop and run again: rendered scenes and the last checkpoint are kept. Writes ``clip.safetensors`` and
``log.jsonl`` into the work directory.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import mmengine
import numpy as np
import torch
from mmengine.config import Config
from open_clip import ClipLoss, get_tokenizer
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch import Tensor

from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.models.encoders.clip_weights import pack_embedding_rows

CHUNK = 100  # scenes rendered by one job
CAPTIONS = 6  # captions drawn per scene


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config whose model.encoder.arch describes the towers')
    parser.add_argument('--work-dir', required=True, help='where scenes, checkpoints and the result go')
    parser.add_argument('--minutes', type=float, default=90, help='training time; the learning rate ends with it')
    parser.add_argument('--scenes', type=int, default=20000, help='scenes rendered for training')
    parser.add_argument('--full-share', type=float, default=0.35, help='share of scenes of level full, the rest easy')
    parser.add_argument('--batch-size', type=int, default=128)
    parser.add_argument('--lr', type=float, default=1e-3)
    parser.add_argument('--patch-dropout', type=float, default=0.5, help='share of patches left out (FLIP)')
    parser.add_argument('--unmasked-tail', type=float, default=0.15, help='share of the time without patch dropout')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=2, help='processes that render')
    return parser.parse_args()


def render_chunk(level: str, split: str, seed: int, start: int, count: int) -> tuple[np.ndarray, list[dict]]:
    """Render scenes ``start`` to ``start + count`` and collect their texts."""
    cv2.setNumThreads(0)  # one process per core already
    generator = SceneGenerator(level=level, image_size=256, seed=seed)
    images, texts = [], []
    for index in range(start, start + count):
        scene = generator.generate(index, split=split)
        rng = np.random.default_rng((seed, index))
        images.append(scene.image)
        texts.append(
            dict(
                captions=[scene.caption(rng) for _ in range(CAPTIONS)],
                expressions=[text for referral in scene.referrals for text in referral.expressions],
                objects=[(item.category, item.color, tuple(map(int, item.box))) for item in scene.objects],
            )
        )
    return np.stack(images), texts


def render_pool(folder: Path, split: str, counts: dict[str, int], seed: int, workers: int) -> tuple[np.ndarray, list]:
    """Render scenes of several levels into a memory-mapped array, once."""
    total = sum(counts.values())
    image_file, text_file = folder / f'{split}_{total}.npy', folder / f'{split}_{total}.json'
    if not text_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        images = np.lib.format.open_memmap(image_file, 'w+', np.uint8, (total, 256, 256, 3))
        jobs = [
            (level, split, seed, start, min(CHUNK, count - start))
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


def crop_object(image: np.ndarray, box: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Cut a square of 1.3 to 3 times the object's size around it, shifted at random."""
    height, width = image.shape[:2]
    side = max(box[2] - box[0], box[3] - box[1], 16) * rng.uniform(1.3, 3.0)
    side = int(min(side, height, width))
    shift = (side - max(box[2] - box[0], box[3] - box[1])) / 2
    left = (box[0] + box[2] - side) / 2 + rng.uniform(-1, 1) * max(shift, 0) * 0.8
    top = (box[1] + box[3] - side) / 2 + rng.uniform(-1, 1) * max(shift, 0) * 0.8
    left, top = int(np.clip(left, 0, width - side)), int(np.clip(top, 0, height - side))
    return image[top : top + side, left : left + side]


def batches(
    images: np.ndarray, texts: list[dict], batch_size: int, size: int, seed: int
) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Yield batches of images ``(B, size, size, 3)`` uint8 RGB and their captions, without end."""
    rng = np.random.default_rng(seed)
    while True:
        pictures, captions, seen = [], [], set()
        order = iter(rng.permutation(len(images)))
        while len(pictures) < batch_size // 2:
            index = next(order)
            text = texts[index]
            pool = text['captions'] if rng.random() < 0.5 or not text['expressions'] else text['expressions']
            pictures.append(images[index])
            captions.append(pool[rng.integers(len(pool))])
        for index in order:
            candidates = [item for item in texts[index]['objects'] if tuple(item[:2]) not in seen]
            if not candidates:
                continue
            category, color, box = candidates[rng.integers(len(candidates))]
            seen.add((category, color))
            pictures.append(crop_object(images[index], box, rng))
            captions.append(f'{rng.choice(["a", "the"])} {color} {category}')
            if len(pictures) == batch_size:
                break
        resized = [cv2.resize(np.ascontiguousarray(p), (size, size), interpolation=cv2.INTER_AREA) for p in pictures]
        yield np.stack(resized), captions


def to_tensor(images: np.ndarray, cfg: Config) -> Tensor:
    """Normalise ``(B, H, W, 3)`` uint8 RGB as the data preprocessor does."""
    mean, std = (torch.tensor(cfg.model.data_preprocessor[key]).view(3, 1, 1) for key in ('mean', 'std'))
    return (torch.from_numpy(images).permute(0, 3, 1, 2).float() - mean) / std


@torch.no_grad()
def retrieval(model: CLIP, images: Tensor, tokens: Tensor) -> dict[str, float]:
    """Recall at 1 and 5, both ways, among all pairs given."""
    model.eval()
    image_features = torch.cat([model.encode_image(part, normalize=True) for part in images.split(64)])
    text_features = torch.cat([model.encode_text(part, normalize=True) for part in tokens.split(64)])
    model.train()
    similarity = text_features @ image_features.T
    scores = {}
    for name, matrix in (('text_to_image', similarity), ('image_to_text', similarity.T)):
        rank = (matrix > matrix.diagonal()[:, None]).sum(1)
        for k in (1, 5):
            scores[f'{name}_R@{k}'] = round(100 * (rank < k).float().mean().item(), 2)
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
    images, texts = render_pool(work_dir / 'scenes', 'train', counts, args.seed, args.workers)
    val_images, val_texts = render_pool(work_dir / 'scenes', 'val', dict(easy=256), args.seed, args.workers)
    val_input = to_tensor(
        np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) for image in val_images]), cfg
    )
    val_tokens = tokenizer([text['captions'][0] for text in val_texts])

    arch['vision_cfg'] = dict(arch['vision_cfg'], patch_dropout=args.patch_dropout)
    model = CLIP(**arch)
    decayed = [p for name, p in model.named_parameters() if p.ndim >= 2 and 'embedding' not in name]
    others = [p for name, p in model.named_parameters() if p.ndim < 2 or 'embedding' in name]
    optimizer = torch.optim.AdamW(
        [dict(params=decayed, weight_decay=0.1), dict(params=others, weight_decay=0.0)],
        lr=args.lr,
        betas=(0.9, 0.98),
        fused=True,
    )
    state_file, log_file = work_dir / 'last.pth', work_dir / 'log.jsonl'
    step, spent = 0, 0.0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state['model'])
        optimizer.load_state_dict(state['optimizer'])
        step, spent = state['step'], state['spent']
        print(f'Continuing at step {step}, after {spent / 60:.1f} minutes.')
    # On a CPU the fused attention's backward pass in bfloat16 takes longer than all the rest of a step.
    torch.backends.cuda.enable_flash_sdp(False)
    stream = batches(images, texts, args.batch_size, size, args.seed + step)
    loss_function = ClipLoss()
    budget = args.minutes * 60
    row_ids = torch.tensor(
        sorted({i for text in texts for i in tokenizer(text['captions'] + text['expressions']).flatten().tolist()})
    )

    def save() -> None:
        state = dict(model=model.state_dict(), optimizer=optimizer.state_dict(), step=step, spent=spent)
        torch.save(state, f'{state_file}.tmp')
        os.replace(f'{state_file}.tmp', state_file)
        weights = pack_embedding_rows({k: v.contiguous() for k, v in model.state_dict().items()}, row_ids)
        half = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
        save_file(half, work_dir / 'clip.safetensors', metadata=dict(format='pt', steps=str(step)))

    running, started = None, time.time() - spent
    while spent < budget:
        progress = spent / budget
        lr = args.lr * min(progress / 0.03, 0.5 * (1 + math.cos(math.pi * progress))) + 1e-6
        for group in optimizer.param_groups:
            group['lr'] = lr
        model.visual.patch_dropout.prob = args.patch_dropout if progress < 1 - args.unmasked_tail else 0.0
        pictures, captions = next(stream)
        with torch.autocast('cpu', torch.bfloat16):
            image_features = model.encode_image(to_tensor(pictures, cfg), normalize=True)
            text_features = model.encode_text(tokenizer(captions), normalize=True)
        loss = loss_function(image_features.float(), text_features.float(), model.logit_scale.exp())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        model.logit_scale.data.clamp_(max=math.log(100))
        step, spent = step + 1, time.time() - started
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if step % 100 == 0:
            entry = dict(step=step, minutes=round(spent / 60, 1), loss=round(running, 3), lr=round(lr, 6))
            entry |= retrieval(model, val_input, val_tokens)
            print(json.dumps(entry), flush=True)
            with log_file.open('a') as file:
                file.write(json.dumps(entry) + '\n')
            save()
    save()
    print(f'Wrote {work_dir / "clip.safetensors"}: {retrieval(model, val_input, val_tokens)}')


if __name__ == '__main__':
    main()
