# Copyright (c) mmrrsis contributors.
"""Contrastive pretraining of CLIP towers: scenes against captions, regions against expressions."""

from .clip_pretrainer import CLIPPretrainer
from .pretraining_hooks import LimitLogitScaleHook, UnmaskedTailHook, WriteTowersHook
from .retrieval_metric import RetrievalMetric
from .scene_text_dataset import SceneTextDataset
from .scene_text_transforms import ChooseTexts, LoadRenderedScene, MirrorScene, PackSceneTexts, SceneTextSample
from .synthrs_scene_text_dataset import SynthRSSceneTextDataset

__all__ = [
    'CLIPPretrainer',
    'ChooseTexts',
    'LimitLogitScaleHook',
    'LoadRenderedScene',
    'MirrorScene',
    'PackSceneTexts',
    'RetrievalMetric',
    'SceneTextDataset',
    'SceneTextSample',
    'SynthRSSceneTextDataset',
    'UnmaskedTailHook',
    'WriteTowersHook',
]
