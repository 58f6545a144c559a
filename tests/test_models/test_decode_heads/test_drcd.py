# Copyright (c) mmrrsis contributors.
import math

import pytest
import torch
from torch.nn import functional as F

from mmrrsis.models.decode_heads.drcd import DynamicRotationConv2d, rotation_matrices
from mmrrsis.registry import MODELS


def rotate_by_sampling(kernel, angle):
    """Rotate one kernel (k, k) with PyTorch's own affine grid, the definition of the operator."""
    theta = torch.tensor([[math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0]])
    grid = F.affine_grid(theta[None], [1, 1, *kernel.shape], align_corners=False)
    return F.grid_sample(kernel[None, None], grid, align_corners=False)[0, 0]


def build_layer(**kwargs):
    torch.manual_seed(0)
    cfg = dict(type='DynamicRotationConv2d', in_channels=4, out_channels=5, num_bases=3)
    layer = MODELS.build({**cfg, **kwargs})
    # Heads large enough that samples get clearly different angles and gates.
    torch.nn.init.normal_(layer.angle_head.weight, std=2.0)
    torch.nn.init.normal_(layer.gate_head.weight, std=2.0)
    return layer


@pytest.mark.parametrize('kernel_size', [3, 5])
@pytest.mark.parametrize('angle', [0.0, 0.3, -0.6, math.pi / 2])
def test_matrix_equals_affine_grid_sampling(kernel_size, angle):
    torch.manual_seed(1)
    kernel = torch.randn(kernel_size, kernel_size)
    matrix = rotation_matrices(torch.tensor([angle]), kernel_size)[0]
    rotated = (matrix @ kernel.flatten()).view(kernel_size, kernel_size)
    torch.testing.assert_close(rotated, rotate_by_sampling(kernel, angle), atol=1e-5, rtol=0)


def test_quarter_turn_turns_counter_clockwise():
    kernel = torch.tensor([[0.0, 0, 0], [0, 0, 1], [0, 0, 0]])  # points right
    matrix = rotation_matrices(torch.tensor([math.pi / 2]), 3)[0]
    expected = torch.tensor([[0.0, 1, 0], [0, 0, 0], [0, 0, 0]])  # points up
    torch.testing.assert_close((matrix @ kernel.flatten()).view(3, 3), expected, atol=1e-5, rtol=0)


def test_equals_a_loop_over_samples_and_bases():
    layer = build_layer()
    feature = torch.randn(3, 4, 7, 6)
    angles, gates = layer.route(feature)
    assert angles.std() > 0.05 and gates.std() > 0.05  # otherwise the loop would prove nothing
    expected = []
    for sample in range(3):
        kernel = torch.zeros(5, 4, 3, 3)
        for base in range(3):
            for out in range(5):
                for inp in range(4):
                    turned = rotate_by_sampling(layer.weight[base, out, inp], angles[sample, base].item())
                    kernel[out, inp] += gates[sample, base].item() * turned
        expected.append(F.conv2d(feature[sample : sample + 1], kernel, padding=1))
    torch.testing.assert_close(layer(feature), torch.cat(expected), atol=1e-5, rtol=1e-4)


def test_zero_angle_and_full_gate_is_plain_convolution():
    layer = build_layer(num_bases=1)
    layer.route = lambda feature: (torch.zeros(len(feature), 1), torch.ones(len(feature), 1))
    feature = torch.randn(2, 4, 6, 6)
    torch.testing.assert_close(layer(feature), F.conv2d(feature, layer.weight[0], padding=1), atol=1e-5, rtol=1e-4)


def test_angles_stay_within_the_limit_and_gates_within_one():
    layer = build_layer(max_angle=40.0)
    torch.nn.init.normal_(layer.angle_head.weight, std=1e4)
    angles, gates = layer.route(torch.randn(16, 4, 5, 5))
    assert math.radians(35) < angles.abs().max() <= math.radians(40)
    assert (gates >= 0).all() and (gates <= 1).all()


def test_one_sample_does_not_see_the_other():
    layer = build_layer()
    feature = torch.randn(2, 4, 6, 6)
    before = layer(feature)
    feature[1] += 1
    after = layer(feature)
    torch.testing.assert_close(after[0], before[0])
    assert not torch.allclose(after[1], before[1])


def test_every_parameter_learns():
    layer = build_layer(bias=True)
    layer(torch.randn(2, 4, 6, 6)).square().sum().backward()
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_default_sizes_are_those_of_the_paper():
    layer = DynamicRotationConv2d(8, 8)
    assert layer.num_bases == 3 and layer.weight.shape == (3, 8, 8, 3, 3)
    assert layer.max_angle == pytest.approx(math.radians(40))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_does_not_move_the_sampling_positions(dtype):
    layer = build_layer()
    angles = torch.tensor([[0.31, -0.52, 0.61]]).to(dtype)
    gates = torch.tensor([[0.23, 0.71, 0.44]]).to(dtype)
    assert torch.equal(layer.kernels(angles, gates), layer.kernels(angles.float(), gates.float()))


def test_autocast_changes_the_result_by_rounding_only():
    layer, feature = build_layer().eval(), torch.randn(2, 4, 9, 9, generator=torch.Generator().manual_seed(0))
    expected = layer(feature)
    with torch.autocast('cpu', torch.bfloat16):
        given = layer(feature)
    assert given.dtype == torch.bfloat16
    torch.testing.assert_close(given.float(), expected, atol=0.02 * expected.abs().max().item(), rtol=0)
