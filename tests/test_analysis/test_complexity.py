# Copyright (c) mmrrsis contributors.
"""Multiply-adds against closed forms."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from open_clip.transformer import ResidualAttentionBlock
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mmrrsis.analysis import Cost, count_complexity, example_batch
from mmrrsis.apis import init_segmentor
from mmrrsis.models.decode_heads.drcd import DynamicRotationConv2d

TINY = Path(__file__).parents[2] / 'configs/cd2fsan/cd2fsan_tiny_synthrs.py'


class Whole(nn.Module):
    """A model with one part."""

    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, *inputs, **kwargs):
        return self.part(*inputs, **kwargs)


class Compute(nn.Module):
    """A module whose forward is given, with one parameter and one buffer ``(4, 4)``."""

    def __init__(self, function):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))
        self.register_buffer('table', torch.randn(4, 4))
        self.function = function

    def forward(self, *inputs):
        return self.function(self, *inputs)


def total(part, *inputs, **kwargs):
    return sum(count_complexity(Whole(part).eval(), *inputs, **kwargs).values(), Cost())


def test_linear():
    cost = total(nn.Linear(5, 7), torch.randn(2, 3, 5))
    assert cost == Cost(parameters=42, trainable=42, products=2 * 3 * 5 * 7, attention=0, module_hooks=2 * 3 * 5 * 7)
    assert cost.multiply_adds == 210


@pytest.mark.parametrize(
    ('conv', 'shape', 'expected'),
    [
        (nn.Conv2d(8, 12, 3, stride=2, padding=1, groups=4), (2, 8, 9, 7), 2 * (5 * 4) * 12 * 2 * 9),
        (nn.Conv1d(6, 4, 3, dilation=2), (1, 6, 10), 6 * 4 * 6 * 3),
        # every input pixel is spread over the filter
        (nn.ConvTranspose2d(6, 4, 2, stride=2, groups=2), (1, 6, 5, 5), 25 * 6 * 2 * 4),
    ],
)
def test_convolutions(conv, shape, expected):
    cost = total(conv, torch.randn(shape))
    assert (cost.products, cost.attention, cost.module_hooks) == (expected, 0, expected)


@pytest.mark.parametrize('need_weights', [True, False])
@pytest.mark.parametrize('keys', [None, 6])
def test_multihead_attention(need_weights, keys):
    width, queries = 16, 10
    attention = nn.MultiheadAttention(width, 4, batch_first=True)
    query = torch.randn(2, queries, width)
    memory = query if keys is None else torch.randn(2, keys, width)
    padding = torch.zeros(memory.shape[:2], dtype=torch.bool)
    padding[:, -1] = True
    cost = total(attention, query, memory, memory, key_padding_mask=padding, need_weights=need_weights)
    length = memory.shape[1]
    assert cost.products == 2 * (2 * queries + 2 * length) * width**2  # query, output; key, value
    assert cost.attention == 2 * 2 * queries * length * width
    assert cost.module_hooks == 0, 'the projections are no calls of nn.Linear'


def test_residual_attention_block_of_clip():
    cost = total(ResidualAttentionBlock(32, 4), torch.randn(1, 9, 32))
    assert cost.products == 12 * 9 * 32**2
    assert cost.attention == 2 * 9**2 * 32
    assert cost.module_hooks == 8 * 9 * 32**2, 'the feed-forward layer alone'


def test_dynamic_rotation_conv():
    batch, width_in, width_out, side, bases = 2, 6, 4, 8, 3
    cost = total(DynamicRotationConv2d(width_in, width_out, num_bases=bases), torch.randn(batch, width_in, side, side))
    routing = 9 * width_in * side**2 + 2 * width_in * bases
    composition = bases * 9 * 9 * width_out * width_in  # n matrices (9, 9) times kernels of 9
    convolution = 9 * width_out * width_in * side**2
    assert cost.products == batch * (routing + composition + convolution)
    assert cost.attention == 0, 'gates times weights are no attention, although both are computed per sample'
    assert cost.module_hooks == batch * routing


@pytest.mark.parametrize(
    ('function', 'products', 'attention'),
    [
        pytest.param(lambda self, x: (x @ x.transpose(1, 2)).softmax(-1) @ x, 0, 2 * 5 * 5 * 4, id='by hand'),
        pytest.param(lambda self, x: torch.einsum('bic,bjc->bij', x, x), 0, 5 * 5 * 4, id='einsum of features'),
        pytest.param(lambda self, x: torch.einsum('bic,dc->bid', x, self.weight), 5 * 16, 0, id='einsum of a weight'),
        pytest.param(lambda self, x: x @ F.normalize(self.weight.t()), 5 * 16, 0, id='normalised weight'),
        pytest.param(lambda self, x: x @ (self.table + torch.eye(4)), 5 * 16, 0, id='buffer and constant'),
        pytest.param(lambda self, x: x @ self.weight[None].double().float(), 5 * 16, 0, id='cast weight'),
        pytest.param(
            lambda self, x: (self.weight @ self.table) @ x.transpose(1, 2), 64, 4 * 5 * 4, id='learned queries'
        ),
        pytest.param(
            lambda self, x: torch.addmm(self.table[:1], x[0], x[0, :4]), 0, 5 * 4 * 4, id='features added to a weight'
        ),
        pytest.param(
            lambda self, x: torch.zeros(1, 5, 4).add_(x) @ x.transpose(1, 2),
            0,
            5 * 5 * 4,
            id='written into a constant',
        ),
        pytest.param(
            lambda self, x: F.scaled_dot_product_attention(self.weight[None, :, :3], x[..., :3], x),
            0,
            4 * 5 * (3 + 4),
            id='scaled dot product with a weight as query',
        ),
    ],
)
def test_attention_is_a_product_of_features(function, products, attention):
    cost = total(Compute(function), torch.randn(1, 5, 4))
    assert (cost.products, cost.attention, cost.module_hooks) == (products, attention, 0)


def test_memory_that_is_used_again_is_no_weight():
    def compute(self, x):
        for _ in range(50):
            weight = self.weight.clone()
            del weight
            x = (x @ x.transpose(1, 2)) @ x  # may lie where the clone was
        return x

    cost = total(Compute(compute), torch.randn(1, 5, 4))
    assert (cost.products, cost.attention) == (0, 50 * 2 * 5 * 5 * 4)


def test_frozen_and_shared_parameters():
    first, second = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    second.weight = first.weight
    frozen = nn.Linear(4, 3).requires_grad_(False)
    cost = total(nn.Sequential(first, second, frozen), torch.randn(1, 4))
    assert (cost.parameters, cost.trainable, cost.products) == (16 + 15, 16, 16 + 16 + 12)


@pytest.fixture(scope='module')
def tiny():
    torch.manual_seed(0)
    return init_segmentor(TINY)


def test_towers_of_the_tiny_model(tiny):
    inputs, samples = example_batch(tiny)
    assert inputs.shape == (1, 3, 128, 128) and len(samples[0].text) == 22
    costs = count_complexity(tiny, inputs, samples, mode='tensor')
    assert list(costs) == [
        *('encoder.image', 'encoder.text', 'neck.layer_selection', 'neck.aggregation', 'neck.alignment'),
        *('decode_head.project', 'decode_head.blocks', 'decode_head.stages', 'decode_head.to_logits'),
    ]
    width, patches, tokens = 128, 16**2, 22
    image, text = costs['encoder.image'], costs['encoder.text']
    stem = 3 * 8 * 8 * width * patches
    to_joint_space = patches * width * 128  # by a weight of the tower, while the encoder is running
    assert image.products == stem + 8 * 12 * (patches + 1) * width**2 + to_joint_space
    assert image.attention == 8 * 2 * (patches + 1) ** 2 * width
    assert image.module_hooks == stem + 8 * 8 * (patches + 1) * width**2
    assert text.products == 4 * 12 * tokens * width**2 + width * 128  # the sentence alone goes to the joint space
    assert text.attention == 4 * 2 * tokens**2 * width
    assert text.parameters == sum(
        value.numel() for name, value in tiny.encoder.clip.named_parameters() if not name.startswith('visual.')
    )


def test_components_add_up(tiny):
    inputs, samples = example_batch(tiny)
    whole = sum(count_complexity(tiny, inputs, samples, mode='tensor').values(), Cost())
    assert whole.parameters == whole.trainable == sum(parameter.numel() for parameter in tiny.parameters())
    visited = []
    handles = [
        module.register_forward_hook(
            lambda module, inputs, output: visited.append(output.numel() * module.weight[0].numel())
        )
        for module in tiny.modules()
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d))
    ]
    # In training mode attention takes no fast path, which neither hooks nor PyTorch's own counter see into. Nor does
    # the counter see into every kernel that PyTorch may choose for attention, depending on the processor.
    tiny.train()
    try:
        with sdpa_kernel(SDPBackend.MATH), torch.no_grad(), FlopCounterMode(display=False) as counter:
            tiny(inputs, samples, mode='tensor')
    finally:
        tiny.eval()
        for handle in handles:
            handle.remove()
    assert whole.multiply_adds == counter.get_total_flops() // 2
    assert whole.module_hooks == sum(visited)


@pytest.mark.parametrize('enabled', [True, False])
def test_nothing_is_left_behind(enabled):
    def fail(self, x):
        raise RuntimeError('broken')

    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(enabled)
    try:
        model = Whole(nn.Linear(2, 2)).eval()
        count_complexity(model, torch.randn(1, 2))
        assert torch.backends.mha.get_fastpath_enabled() is enabled
        broken = Whole(Compute(fail)).eval()
        with pytest.raises(RuntimeError, match='broken'):
            count_complexity(broken, torch.randn(1, 2))
        assert torch.backends.mha.get_fastpath_enabled() is enabled
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
    for module in (*model.modules(), *broken.modules()):
        assert not module._forward_hooks and not module._forward_pre_hooks
    assert torch.randn(1, 2, requires_grad=True).sum().requires_grad


def test_training_mode_is_refused():
    with pytest.raises(ValueError, match=r'Whole is in training mode. Call `model.eval\(\)`'):
        count_complexity(Whole(nn.Linear(2, 2)), torch.randn(1, 2))


def test_example_batch_at_another_size(tiny):
    scale = tiny.cfg.test_dataloader.dataset.pipeline[1].scale
    inputs, samples = example_batch(tiny, batch_size=3, shape=(32, 64), expression='a dock')
    assert inputs.shape == (3, 3, 32, 64) and inputs.is_floating_point()
    assert not torch.equal(inputs[0], inputs[1])
    assert [sample.text.raw for sample in samples] == ['a dock'] * 3
    assert tiny.cfg.test_dataloader.dataset.pipeline[1].scale == scale


def test_example_batch_needs_a_size(tmp_path):
    config = tmp_path / 'a.py'
    config.write_text('test_pipeline = [dict(type="PackReferringInputs")]')
    model = nn.Module()
    model.cfg = Config.fromfile(config)
    with pytest.raises(ValueError, match=r'The test pipeline of .*a.py has no Resize .* Give `shape`'):
        example_batch(model)
