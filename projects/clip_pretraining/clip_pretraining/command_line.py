# Copyright (c) mmrrsis contributors.
"""Pretrain small CLIP towers on SynthRS scenes, captions and regions.

    python tools/pretrain_clip.py configs/cd2fsan/cd2fsan_tiny_synthrs.py --work-dir work_dirs/pretrain_clip

Builds the config of ``projects/clip_pretraining`` for the towers of CONFIG and trains it; data of other sources are a
matter of configs and ``tools/train.py``, see the README there. With ``--captions-only`` the objective is CLIP's alone.
Such towers know what a scene holds and hardly where (docs/ablations.md).

Safe to stop and run again: rendered scenes and the last checkpoint are kept. Writes ``clip.safetensors`` into the work
directory, and the log with losses and scores into a folder named after the time.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmrrsis.cli.train import train
from mmrrsis.engine import load_config
from mmrrsis.package_files import find_config

CONFIG = Path(__file__).resolve().parents[1] / 'configs' / 'clip_tiny_synthrs.py'


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
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
    return parser.parse_args(arguments)


def pretraining_config(args: argparse.Namespace) -> Config:
    """Return the config of the pretraining that the command line asks for."""
    towers = load_config(find_config(args.config))
    cfg = load_config(CONFIG)
    cfg.launcher = 'none'
    cfg.work_dir = args.work_dir
    cfg.randomness = dict(seed=args.seed)

    arch = towers.model.encoder.arch
    cfg.model.arch = arch
    cfg.model.data_preprocessor = towers.model.data_preprocessor
    cfg.model.contrast_regions = not args.captions_only
    cfg.model.patch_dropout = args.patch_dropout

    full = int(args.scenes * args.full_share)
    cfg.train_dataloader.batch_size = args.batch_size
    cfg.train_dataloader.dataset.scenes = dict(easy=args.scenes - full, full=full)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.update(
            data_root=str(Path(args.work_dir) / 'scenes'),
            image_size=towers.model.encoder.image_size,
            seed=args.seed,
            workers=args.workers,
        )
        loader.dataset.pipeline[-1].tokenizer.max_tokens = arch.text_cfg.context_length

    warm_up, cosine = cfg.param_scheduler
    highest = args.lr + cosine.eta_min
    cfg.optim_wrapper.optimizer.lr = highest
    warm_up.update(start_factor=cosine.eta_min / highest, end=math.ceil(0.03 * args.steps) + 1)
    cosine.update(T_max=args.steps, end=args.steps)
    cfg.train_cfg.max_iters = args.steps
    cfg.custom_hooks[0].share = args.unmasked_tail
    return cfg


def main(arguments: Sequence[str] | None = None) -> None:
    """Train; resume where an earlier call stopped."""
    train(pretraining_config(parse_args(arguments)), resume='auto')
