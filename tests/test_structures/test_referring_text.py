# Copyright (c) mmrrsis contributors.
import torch

from mmrrsis.structures import ReferringText, ReferringTextBatch


def text(first, raw, masked=True):
    ids = torch.tensor([first, 5, 0])
    return ReferringText(ids, ids > 0, raw, *((ids * (ids != 5), (ids > 0) & (ids != 5)) if masked else ()))


def test_a_batch_keeps_the_order_of_its_samples():
    batch = ReferringTextBatch.stack([text(1, 'a'), text(2, 'b')])
    assert batch.raw == ['a', 'b']
    assert batch.token_ids.tolist() == [[1, 5, 0], [2, 5, 0]]
    assert batch.token_mask.tolist() == [[True, True, False]] * 2
    assert batch.masked_token_ids.tolist() == [[1, 0, 0], [2, 0, 0]]
    assert batch.masked_token_mask.tolist() == [[True, False, False]] * 2
    assert len(batch) == len(text(1, 'a')) == 3


def test_unmasked_texts_give_an_unmasked_batch():
    batch = ReferringTextBatch.stack([text(1, 'a', masked=False)])
    assert batch.masked_token_ids is None and batch.masked_token_mask is None


def test_all_tensors_move_and_the_words_stay():
    for original in (text(1, 'a'), ReferringTextBatch.stack([text(1, 'a')])):
        moved = original.to('meta')
        assert type(moved) is type(original) and moved.raw == original.raw
        tensors = moved.token_ids, moved.token_mask, moved.masked_token_ids, moved.masked_token_mask
        assert all(tensor.device.type == 'meta' for tensor in tensors)
        assert original.token_ids.device.type == 'cpu'
