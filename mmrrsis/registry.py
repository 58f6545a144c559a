# Copyright (c) mmrrsis contributors.
"""Registries of mmrrsis, children of MMEngine's.

MMEngine finds a scope by importing ``{scope}.registry``, so the name of this module is part of the interface.
A type that is not found here is looked up in MMEngine's own registries; types of other packages are written with
their scope, for example ``mmseg.FCNHead``.
"""

from mmengine import registry as root
from mmengine.registry import Registry


def _child(parent: Registry, *locations: str) -> Registry:
    """Make the child of one of MMEngine's registries; ``locations`` are imported when a type is looked up."""
    return Registry(parent.name, parent=parent, scope='mmrrsis', locations=list(locations))


#: Encoders, necks, decode heads, layers, losses and segmentors.
MODELS = _child(root.MODELS, 'mmrrsis.models')
#: Referring datasets and dataset wrappers.
DATASETS = _child(root.DATASETS, 'mmrrsis.datasets')
#: Data and text transforms.
TRANSFORMS = _child(root.TRANSFORMS, 'mmrrsis.datasets.transforms')
#: Tokenizers of referring expressions.
TOKENIZERS = Registry('tokenizer', scope='mmrrsis', locations=['mmrrsis.datasets.tokenizers'])
#: Evaluation metrics.
METRICS = _child(root.METRICS, 'mmrrsis.evaluation')
#: Runner hooks.
HOOKS = _child(root.HOOKS, 'mmrrsis.engine')
#: Visualizers.
VISUALIZERS = _child(root.VISUALIZERS, 'mmrrsis.visualization')

# For modules of users and projects. MMEngine warns at every look-up in a kind of registry that a scope lacks.
RUNNERS = _child(root.RUNNERS)
RUNNER_CONSTRUCTORS = _child(root.RUNNER_CONSTRUCTORS)
LOOPS = _child(root.LOOPS)
DATA_SAMPLERS = _child(root.DATA_SAMPLERS)
FUNCTIONS = _child(root.FUNCTIONS)
MODEL_WRAPPERS = _child(root.MODEL_WRAPPERS)
WEIGHT_INITIALIZERS = _child(root.WEIGHT_INITIALIZERS)
OPTIMIZERS = _child(root.OPTIMIZERS)
OPTIM_WRAPPERS = _child(root.OPTIM_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(root.OPTIM_WRAPPER_CONSTRUCTORS)
PARAM_SCHEDULERS = _child(root.PARAM_SCHEDULERS)
EVALUATOR = _child(root.EVALUATOR)
TASK_UTILS = _child(root.TASK_UTILS)
VISBACKENDS = _child(root.VISBACKENDS)
LOG_PROCESSORS = _child(root.LOG_PROCESSORS)
INFERENCERS = _child(root.INFERENCERS)
