import pytest
import torch

from mmrrsis.structures import resize_probability


def test_half_pixel_centres():
    # Doubling a row [0, 1]: output centres lie at -0.25, 0.25, 0.75, 1.25 of the input.
    out = resize_probability(torch.tensor([[[0.0, 1.0]]]), (1, 4))
    torch.testing.assert_close(out, torch.tensor([[[0.0, 0.25, 0.75, 1.0]]]))


def test_same_size_is_unchanged_and_half_becomes_float():
    probability = torch.rand(1, 3, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(resize_probability(probability, (3, 5)), probability)
    assert resize_probability(probability.half(), (6, 7)).dtype == torch.float32
    assert resize_probability(probability, (6, 7)).shape == (1, 6, 7)


def test_wrong_inputs_are_named():
    with pytest.raises(ValueError, match=r'must be \(1, h, w\) but is \(4, 4\)'):
        resize_probability(torch.zeros(4, 4), (8, 8))
    with pytest.raises(ValueError, match=r'floating point but is torch.bool'):
        resize_probability(torch.zeros(1, 4, 4, dtype=torch.bool), (8, 8))
    with pytest.raises(ValueError, match=r'positive'):
        resize_probability(torch.zeros(1, 4, 4), (0, 8))
