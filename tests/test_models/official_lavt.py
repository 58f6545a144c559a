# Copyright (c) mmrrsis contributors.
"""Encoders in the sizes of LAVT's and RMSIN's official code, with their weights, fed with given words."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringTextBatch

PARITY = Path(__file__).parents[1] / 'data' / 'parity'
WIDTH = dict(lavt=16, rmsin=12)
FUSION = dict(lavt='PWAM', rmsin='IIM')
#: Within `layers.{stage}.`: official names and ours, None for biases that a norm or the softmax cancels.
FUSION_NAMES = (
    (r'^fusion\.image_lang_att\.(f_query|f_key|f_value|W)\.0\.bias$', None),
    (r'^fusion\.image_lang_att\.f_query\.0\.', 'query.'),
    (r'^fusion\.image_lang_att\.f_key\.0\.', 'key.'),
    (r'^fusion\.image_lang_att\.f_value\.0\.', 'value.'),
    (r'^fusion\.image_lang_att\.W\.0\.', 'attended.'),
    (r'^fusion\.vis_project\.0\.', 'visual.'),
    (r'^fusion\.project_mm\.0\.', 'merge.'),
    (r'^res_gate\.', 'language_gate.gate.'),
    (r'^visual_gate\.', 'visual_gate.gate.'),
    (r'^visual_residual\.repblock\.brb_(\w+?)_2\.', r'pixel_weight.2.\1.'),
    (r'^visual_residual\.repblock\.brb_(\w+?)\.', r'pixel_weight.0.\1.'),
    (r'\.1x1\.conv\.', '.point.0.'),
    (r'\.1x1\.bn\.', '.point.1.'),
    (r'\.3x3\.conv1\.', '.window.0.'),
    (r'\.3x3\.bn1\.', '.window.1.'),
    (r'\.3x3\.conv2\.', '.window.2.'),
    (r'\.3x3\.bn2\.', '.window.3.'),
)
#: Within `cim.`: official names and ours.
INTERACTION_NAMES = (
    (r'^down_channel\.', 'reduce.'),
    (r'^up_channel\.', 'expand.'),
    (r'^bn\.', 'norm.'),
    (r'^block\.', 'blocks.'),
    (r'\.csa1\.m\.', '.first_attention.'),
    (r'\.csa2\.m\.', '.second_attention.'),
    (r'attention\.bn1\.', 'attention.norm.'),
    (r'\.DWConv1\.', '.by_two.'),
    (r'\.DWConv2\.', '.by_three.'),
    (r'\.attention\.qkv\.c\.', '.qkv.'),
    (r'\.attention\.qkv\.bn\.', '.qkv_norm.'),
    (r'\.attention\.parallel_conv\.', '.value_conv.'),
    (r'\.attention\.proj\.', '.positions.'),
    (r'\.attention\.to_out\.', '.out.'),
    (r'\.bn4\.', '.project.0.'),
    (r'attention\.conv\.', 'attention.project.2.'),
    (r'\.intra_ff\.m\.ff(\d)\.m\.', lambda match: f'.stage_ffns.{int(match[1]) - 1}.'),
    (r'\.ff\.m\.', '.ffn.'),
    (r'(ffn|ffns\.\d)\.bn1\.', r'\1.0.'),
    (r'(ffn|ffns\.\d)\.conv1\.', r'\1.1.'),
    (r'(ffn|ffns\.\d)\.bn2\.', r'\1.2.'),
    (r'(ffn|ffns\.\d)\.conv2\.', r'\1.3.'),
    (r'(ffn|ffns\.\d)\.conv3\.', r'\1.5.'),
    (r'^fusion\.(\d)\.', r'gates.\1.'),
    (r'\.global_act\.', '.global_gate.'),
    (r'\.(local_embedding|global_embedding|global_gate)\.(weight|bias)$', r'.\1.0.\2'),
    (r'^(gates\.\d)\.bn1\.', r'\1.local_embedding.1.'),
    (r'^(gates\.\d)\.bn2\.', r'\1.global_embedding.1.'),
    (r'^(gates\.\d)\.bn3\.', r'\1.global_gate.1.'),
)


class GivenWords(nn.Module):
    """A text tower that returns the words it was given last."""

    channels, num_layers = 768, 1

    def embed(self, token_ids):
        return self.words

    def run_layers(self, words, word_mask, start, stop):
        return words


@cache
def read(name):
    """Return the fixture of `lavt` or `rmsin`: tensors by name, and the backbone's official state dict."""
    with np.load(PARITY / f'{name}_tiny.npz') as file:
        arrays = {key: torch.from_numpy(file[key]) for key in file.files}
    prefix = 'sd/backbone.'
    return arrays, {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def part(state_dict, prefix):
    """Return the entries that begin with a prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in state_dict.items() if key.startswith(prefix)}


def rename(state_dict, names):
    renamed = {}
    for key, value in state_dict.items():
        for pattern, name in names:
            if name is None and re.search(pattern, key):
                break
            if name is not None:
                key = re.sub(pattern, name, key)
        else:
            renamed[key] = value
    return renamed


def swin_state_dict(backbone):
    """Choose the entries of the Swin Transformer."""
    fusion = re.compile(r'^layers\.\d\.(fusion|res_gate|visual_residual|visual_gate)\.|^cim\.')
    return {key: value for key, value in backbone.items() if not fusion.search(key)}


def fusion_state_dict(backbone, stage):
    """Translate the fusion of one stage to the names of `PWAM` or `IIM`."""
    own = re.compile('fusion|res_gate|visual_')
    renamed = rename({k: v for k, v in part(backbone, f'layers.{stage}.').items() if own.match(k)}, FUSION_NAMES)
    # Kernels of 1x1 convolutions over sequences become matrices.
    return {key: value.squeeze(-1) if value.ndim == 3 else value for key, value in renamed.items()}


def interaction_state_dict(backbone):
    """Translate RMSIN's cross-scale module to the names of `CrossScaleInteraction`."""
    return rename(part(backbone, 'cim.'), INTERACTION_NAMES)


def build_encoder(name):
    """Build the small encoder of `lavt` or `rmsin` from this package's parts, with the official weights."""
    MODELS.register_module(module=GivenWords, force=True)
    arch = dict(embed_dims=WIDTH[name], depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8))
    encoder = MODELS.build(
        dict(
            type='StagewiseEncoder',
            image=dict(type='SwinStages', arch=arch, window_size=7),
            text=dict(type='GivenWords'),
            fusions=[dict(type=FUSION[name])] * 4,
            text_groups=(1, 0, 0, 0),
        )
    )
    MODELS.module_dict.pop('GivenWords')
    backbone = read(name)[1]
    encoder.image.load_swin_state_dict(swin_state_dict(backbone))
    for stage, fusion in encoder.fusions.items():
        fusion.load_state_dict(fusion_state_dict(backbone, stage))
    return encoder.eval()


@cache
def stages(name, case=''):
    """Run the small encoder on a case of the fixture: what the decoder, or RMSIN's cross-scale module, reads."""
    arrays, encoder = read(name)[0], build_encoder(name)
    encoder.text.words = arrays[f'{case}in/lang'].transpose(1, 2)
    mask = arrays[f'{case}in/mask'].squeeze(-1).bool()
    text = ReferringTextBatch(token_ids=mask.long(), token_mask=mask, raw=[''] * len(mask))
    with torch.no_grad():
        return encoder(arrays[f'{case}in/image'], text).visual.layers
