# Copyright (c) mmrrsis contributors.
import pytest
import torch

from ..fusion_batch import build_fusion, make_batch


@pytest.mark.parametrize('num_heads', [1, 2, 4])
def test_pixels_gather_words_and_words_gather_pixels(num_heads):
    wpa, (visual, words, word_mask) = build_fusion('WPA', inner_channels=8, num_heads=num_heads), make_batch()
    fused_visual, fused_words = wpa(visual, words, word_mask)
    for sample, count in enumerate((4, 6)):
        plain_pixels, plain_words = visual[sample].flatten(1).T, words[sample, :count]
        pixels, real = wpa.visual_norm(plain_pixels), wpa.word_norm(plain_words)
        queries, keys = wpa.pixel_query(pixels), wpa.word_key(real)
        for_pixels, for_words = torch.zeros(len(pixels), 8), torch.zeros(count, 8)
        for head in torch.arange(8).chunk(num_heads):
            affinity = queries[:, head] @ keys[:, head].T / len(head) ** 0.5
            for pixel in range(len(pixels)):
                for_pixels[pixel, head] = affinity[pixel].softmax(0) @ wpa.word_value(real)[:, head]
            for word in range(count):
                for_words[word, head] = affinity[:, word].softmax(0) @ wpa.pixel_value(pixels)[:, head]
        expected = plain_pixels + wpa.visual_gate(wpa.visual_out(for_pixels))
        torch.testing.assert_close(fused_visual[sample].flatten(1).T, expected, atol=1e-5, rtol=1e-5)
        expected = plain_words + wpa.word_gate(wpa.word_out(for_words))
        torch.testing.assert_close(fused_words[sample, :count], expected, atol=1e-5, rtol=1e-5)


def test_heads_that_cannot_share_the_channels_are_named():
    with pytest.raises(ValueError, match='num_heads=3 of WPA cannot share inner_channels=8'):
        build_fusion('WPA', inner_channels=8, num_heads=3)
