# Copyright (c) mmrrsis contributors.
"""The tiny towers that ship with the package know SynthRS."""

from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from open_clip.model import CLIP

from mmrrsis.checkpoint import unpack_embeddings
from mmrrsis.datasets.synthesis import SceneGenerator
from mmrrsis.datasets.synthesis.caption_writer import write_caption
from mmrrsis.datasets.tokenizers import CLIPTokenizer
from mmrrsis.models.encoders.clip_weights import read_clip_state_dict, resolve_clip_weights
from mmrrsis.registry import MODELS

CONFIG = Path(__file__).parents[2] / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'


def test_shipped_weights_find_the_scene_of_a_caption():
    cfg = Config.fromfile(CONFIG)
    arch = cfg.model.encoder.arch.to_dict()
    path, _ = resolve_clip_weights(arch, cfg.model.encoder.pretrained)
    clip = CLIP(**arch).eval()
    clip.load_state_dict(unpack_embeddings(read_clip_state_dict(path), {'token_embedding': clip.vocab_size}))
    generator = SceneGenerator(level='easy', seed=1)  # another seed than the pretraining's
    scenes = [generator.generate(index, split='val') for index in range(40)]
    images = np.stack([cv2.resize(scene.image, (128, 128), interpolation=cv2.INTER_AREA) for scene in scenes])
    init_default_scope('mmrrsis')
    preprocessor = MODELS.build(dict(cfg.model.data_preprocessor, bgr_to_rgb=False))  # scenes are RGB already
    inputs = preprocessor(dict(inputs=list(torch.from_numpy(images).permute(0, 3, 1, 2))))['inputs']
    tokenizer = CLIPTokenizer(max_tokens=22)
    tokens = torch.stack(
        [
            tokenizer(write_caption(scene.objects, scene.image.shape[:2], np.random.default_rng(0))).token_ids
            for scene in scenes
        ]
    )
    with torch.no_grad():
        similarity = clip.encode_text(tokens, normalize=True) @ clip.encode_image(inputs, normalize=True).T
    found = (similarity.argmax(1) == torch.arange(40)).float().mean().item()
    assert found > 0.4  # by chance: 0.025


def test_the_encoder_of_the_tiny_config_starts_from_them():
    init_default_scope('mmrrsis')
    encoder = MODELS.build(Config.fromfile(CONFIG).model.encoder)
    path, _ = resolve_clip_weights(encoder.arch, encoder.pretrained)
    weight = 'visual.transformer.resblocks.7.mlp.c_fc.weight'
    encoder.init_weights()
    torch.testing.assert_close(encoder.clip.state_dict()[weight], read_clip_state_dict(path)[weight])
