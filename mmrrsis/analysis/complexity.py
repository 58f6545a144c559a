# Copyright (c) mmrrsis contributors.
"""What a model costs: parameters and multiply-adds, by component."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from open_clip.model import CLIP
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from mmrrsis.apis.inference_pipeline import InferencePipeline
from mmrrsis.engine.config import type_name
from mmrrsis.structures import ReferringDataSample

#: What the models are asked for when their cost is measured.
EXAMPLE_EXPRESSION = 'the large ship on the left of the dock'

aten = torch.ops.aten
# Matrix products, and which of their arguments are the two factors.
_FACTORS = {aten.mm: (0, 1), aten.bmm: (0, 1), aten.addmm: (1, 2), aten.baddbmm: (1, 2)}


def _attention_flops(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    """FLOPs of ``F.scaled_dot_product_attention`` by PyTorch's rule: two for each multiply-add."""
    length = key.shape[-2]
    return 2 * (query.numel() * length + query.shape[:-1].numel() * length * value.shape[-1])


# Counting `scaled_dot_product_attention` itself, not the kernel it chooses, gives the same on every device.
_FORMULAS = {**flop_registry, aten.scaled_dot_product_attention: _attention_flops}


@dataclass
class Cost:
    """Parameters and multiply-adds of a model or of a part of it.

    A multiply-add (MAC) is one multiplication with its addition; FLOPs are twice as many.

    Attributes:
        parameters: Number of parameters; shared ones count once.
        trainable: Those of them that take a gradient.
        products: Multiply-adds of convolutions and of products with weights.
        attention: Multiply-adds of attention products, see :func:`count_complexity`.
        module_hooks: Multiply-adds under the rule of counters that hook modules (thop, ptflops): only what calls of
            ``nn.Conv*`` and ``nn.Linear`` compute. It misses the projections of ``nn.MultiheadAttention``, attention
            products, and convolutions and products with parameters that no such module holds.
    """

    parameters: int = 0
    trainable: int = 0
    products: int = 0
    attention: int = 0
    module_hooks: int = 0

    @property
    def multiply_adds(self) -> int:
        """All multiply-adds, attention included."""
        return self.products + self.attention

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def to_dict(self) -> dict[str, int]:
        """Return plain numbers; ``multiply_adds`` is the sum of ``products`` and ``attention``."""
        return {
            'multiply_adds': self.multiply_adds,
            **{field.name: getattr(self, field.name) for field in fields(self)},
        }


def _component_names(model: nn.Module) -> dict[str, str]:
    """Map paths of modules to the components that they are: grandchildren of the model, CLIP as its two towers."""
    names = {}
    for part_name, part in model.named_children():
        for child_name, child in part.named_children():
            path = f'{part_name}.{child_name}'
            if isinstance(child, CLIP):
                names[f'{path}.visual'] = f'{part_name}.image'
                names[path] = f'{part_name}.text'  # open_clip has the text tower's layers in CLIP itself
            else:
                names[path] = path
        names[part_name] = part_name
    names[''] = type(model).__name__
    return names


class _Counter(TorchDispatchMode):
    """Sees every operator that runs, and adds its multiply-adds to the component that it belongs to."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._names = _component_names(model)
        self.costs = {name: Cost() for name in self._names.values()}
        self._running = ['']  # paths of the modules that are being called, innermost last
        # Storages that hold weights, or what was computed from weights alone without a product -> name of a weight.
        self._weights: dict[int, str] = {}
        for name, value in (*model.named_parameters(), *model.named_buffers()):
            self._weights[value.untyped_storage().data_ptr()] = name
        for name, parameter in model.named_parameters():
            cost = self._cost_of(name)
            cost.parameters += parameter.numel()
            cost.trainable += parameter.numel() if parameter.requires_grad else 0

    def _cost_of(self, path: str) -> Cost:
        while path not in self._names:
            path = path.rpartition('.')[0]
        return self.costs[self._names[path]]

    @contextmanager
    def hooked(self, model: nn.Module) -> Iterator[None]:
        """Follow which module is being called, and count by module hooks."""

        def enter(module: nn.Module, inputs: tuple) -> None:
            self._running.append(paths[module])

        def leave(module: nn.Module, inputs: tuple, output: Any) -> None:
            path = self._running.pop()
            if isinstance(module, nn.Linear):
                self._cost_of(path).module_hooks += output.numel() * module.in_features
            elif isinstance(module, _ConvNd):
                # Each output pixel (of a transposed convolution: each input pixel) meets one filter.
                pixels = inputs[0] if module.transposed else output
                self._cost_of(path).module_hooks += pixels.numel() * module.weight[0].numel()

        paths = {module: path for path, module in model.named_modules()}
        handles = [module.register_forward_pre_hook(enter) for module in paths]
        handles += [module.register_forward_hook(leave) for module in paths]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        packet = func._overloadpacket
        if packet not in _FORMULAS:
            with self:  # `linear`, `matmul`, `einsum` and the like consist of operators with a formula
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        owners = [self._weights.get(_storage(value)) for value in _tensors((args, kwargs))]
        if packet in _FORMULAS:
            multiply_adds = _FORMULAS[packet](*args, **kwargs, out_val=result) // 2
            cost = self._cost_of(self._path([owner for owner in owners if owner]))
            if self._is_attention(packet, args):
                cost.attention += multiply_adds
            else:
                cost.products += multiply_adds
        is_weight = packet not in _FORMULAS and None not in owners
        for value in _tensors(result):
            # By storage: a write through a view reaches the whole tensor, and memory that is used again is seen.
            if is_weight:
                self._weights[_storage(value)] = next(filter(None, owners), '')
            else:
                self._weights.pop(_storage(value), None)
        return result

    def _is_attention(self, packet: Any, args: tuple) -> bool:
        if packet in _FACTORS:
            return not any(_storage(args[index]) in self._weights for index in _FACTORS[packet])
        return 'scaled_dot_product' in str(packet)

    def _path(self, owners: list[str]) -> str:
        """Return the path of the innermost running module, or of a weight inside it: its owner may not be called."""
        running = self._running[-1]
        inside = f'{running}.' if running else ''
        return next((owner for owner in owners if owner.startswith(inside)), running)


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _storage(value: Tensor) -> int:
    return value.untyped_storage().data_ptr()


def count_complexity(model: nn.Module, *inputs: Any, **kwargs: Any) -> dict[str, Cost]:
    """Count parameters, and the multiply-adds of one call, by component.

    The call ``model(*inputs, **kwargs)`` really runs, and every operator that runs is counted by its formula in
    :mod:`torch.utils.flop_counter`, functional calls included. Norms, activations, softmax, pooling, resizing and
    grid sampling count nothing.

    An attention product is what ``F.scaled_dot_product_attention`` computes, and every matrix product of two features.
    A feature is whatever depends on the input or on a product; the other factors are weights, also after they were
    reshaped, cast or normalised. So hand-written attention counts as attention, learned queries too, and the
    composition of a dynamic convolution's kernels (gates times weights) does not. A convolution is never attention.

    Components are the grandchildren of the model (children of encoder, neck and head); CLIP is split into ``image``
    and ``text``. An operator belongs to the component whose module is being called; if that is a parent of several, as
    an encoder that multiplies with a weight of its tower, to the one that owns the weight. What is in no grandchild is
    listed under the child or the model's class.

    Args:
        model: The model, in evaluation mode.
        *inputs: What it is called with.
        **kwargs: Likewise.

    Returns:
        The cost of each component that costs anything. Their sum is the cost of the model.

    Raises:
        ValueError: If the model is in training mode.
    """
    if model.training:
        raise ValueError(f'{type(model).__name__} is in training mode. Call `model.eval()` before counting.')
    counter = _Counter(model)
    fast_path = torch.backends.mha.get_fastpath_enabled()
    # The fast path of nn.MultiheadAttention is one operator without a formula.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        # Without autograd `scaled_dot_product_attention` reaches the counter whole.
        with torch.inference_mode(), counter.hooked(model), counter:
            model(*inputs, **kwargs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    return {name: cost for name, cost in counter.costs.items() if cost != Cost()}


def _resize_steps(cfg: Config) -> list[ConfigDict]:
    steps = cfg.get('test_pipeline') or cfg.test_dataloader.dataset.pipeline
    return [step for step in steps if type_name(step) == 'Resize']


def example_batch(
    model: BaseModel, batch_size: int = 1, shape: tuple[int, int] | None = None, expression: str = EXAMPLE_EXPRESSION
) -> tuple[Tensor, list[ReferringDataSample]]:
    """Make noise images with an expression, passed through the config's test pipeline and the data preprocessor.

    Args:
        model: A model of :func:`~mmrrsis.apis.init_segmentor`.
        batch_size: Number of samples.
        shape: Height and width of the images. None takes the size of the test pipeline's ``Resize``.
        expression: The expression of every sample.

    Returns:
        Images ``(B, 3, H, W)``, normalised, and their samples, on the model's device.

    Raises:
        ValueError: If the test pipeline does not resize and ``shape`` is not given.
    """
    cfg = deepcopy(model.cfg)  # the model's config stays as it is
    resizes = _resize_steps(cfg)
    if shape is None:
        if not resizes:
            raise ValueError(
                f'The test pipeline of {cfg.filename} has no Resize that tells the size of the input. Give `shape`.'
            )
        shape = tuple(resizes[-1].scale)[::-1]  # Resize has (width, height)
    for step in resizes:
        step.scale = shape[::-1]
    pipeline = InferencePipeline(cfg)
    noise = np.random.default_rng(0)
    images = noise.integers(256, size=(batch_size, *shape, 3), dtype=np.uint8)
    data = [pipeline(image, [expression])[0] for image in images]
    batch = model.data_preprocessor(pseudo_collate(data))
    return batch['inputs'], batch['data_samples']
