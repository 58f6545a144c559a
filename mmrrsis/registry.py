# Copyright (c) mmrrsis contributors.
"""Registries of mmrrsis, children of MMEngine's.

MMEngine finds a scope by importing ``{scope}.registry``, so the name of this module is part of the interface.
A type that is not found here is looked up in MMEngine's own registries; types of other packages are written with
their scope, for example ``mmseg.FCNHead``.
"""

from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import Registry

#: Encoders, necks, decode heads, layers, losses and segmentors.
MODELS = Registry('model', parent=MMENGINE_MODELS, scope='mmrrsis', locations=['mmrrsis.models'])
#: Referring datasets and dataset wrappers.
DATASETS = Registry('dataset', parent=MMENGINE_DATASETS, scope='mmrrsis', locations=['mmrrsis.datasets'])
#: Data and text transforms.
TRANSFORMS = Registry(
    'transform', parent=MMENGINE_TRANSFORMS, scope='mmrrsis', locations=['mmrrsis.datasets.transforms']
)
#: Tokenizers of referring expressions.
TOKENIZERS = Registry('tokenizer', scope='mmrrsis', locations=['mmrrsis.datasets.tokenizers'])
#: Evaluation metrics.
METRICS = Registry('metric', parent=MMENGINE_METRICS, scope='mmrrsis', locations=['mmrrsis.evaluation'])
#: Runner hooks.
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='mmrrsis', locations=['mmrrsis.engine'])
#: Visualizers.
VISUALIZERS = Registry('visualizer', parent=MMENGINE_VISUALIZERS, scope='mmrrsis', locations=['mmrrsis.visualization'])
