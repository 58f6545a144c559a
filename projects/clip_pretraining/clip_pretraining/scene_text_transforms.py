# Copyright (c) mmrrsis contributors.
"""From an entry of a :class:`SceneTextDataset` to what the model reads."""

import re

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmrrsis.registry import TOKENIZERS, TRANSFORMS

_MIRRORED = dict(
    horizontal={'left': 'right', 'leftmost': 'rightmost'},
    vertical={'top': 'bottom', 'upper': 'lower', 'above': 'below', 'topmost': 'bottommost', 'uppermost': 'lowest'},
)
#: What a word becomes when the scene is mirrored.
MIRRORED_WORDS = {
    direction: words | {after: before for before, after in words.items()} for direction, words in _MIRRORED.items()
}


def mirror_text(text: str, direction: str) -> str:
    """Exchange the words of place, keeping capitals: ``'The left ship'`` becomes ``'The right ship'``."""

    def exchange(match: re.Match[str]) -> str:
        word = match[0]
        other = MIRRORED_WORDS[direction].get(word.lower(), word)
        return other.capitalize() if word[0].isupper() else other

    return re.sub(r'[A-Za-z]+', exchange, text)


class SceneTextSample(BaseDataElement):
    """Texts and regions of one scene.

    Attributes:
        caption_ids: ``(K, N)`` int64, tokens of K captions; K is 1, or 0 where a scene has none.
        regions: ``(R, 4)`` float32, left, top, right, bottom as parts of the image.
        expression_ids: ``(R, N)`` int64, tokens of an expression for each region.
    """

    caption_ids: Tensor
    regions: Tensor
    expression_ids: Tensor


@TRANSFORMS.register_module()
class LoadRenderedScene(BaseTransform):
    """Read one image of a NumPy file ``(N, H, W, 3)`` uint8 RGB.

    Required keys: ``img_path``, ``img_index``. Added keys: ``img``, BGR as ``LoadImageFromFile`` gives it,
    ``img_shape``, ``ori_shape``.
    """

    def transform(self, results: dict) -> dict:
        """Add ``img`` to the results."""
        images = np.load(results['img_path'], mmap_mode='r')
        results['img'] = np.ascontiguousarray(images[results['img_index'], :, :, ::-1])
        results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results


@TRANSFORMS.register_module()
class ChooseTexts(BaseTransform):
    """Choose a caption of the scene, and an expression of each region, at random.

    Draws from NumPy's global generator, which the runner seeds for every sample.

    Required keys: ``captions``, ``expressions``. Both become lists of texts, the first with one entry at most.
    """

    def transform(self, results: dict) -> dict:
        """Choose."""
        pools = (results['captions'], *results['expressions'])
        chosen = [[pool[np.random.randint(len(pool))]] if pool else [] for pool in pools]
        results['captions'] = chosen[0]
        results['expressions'] = [text for texts in chosen[1:] for text in texts]
        return results


@TRANSFORMS.register_module()
class MirrorScene(BaseTransform):
    """Mirror a scene left to right and top to bottom, and what its texts say about places with it.

    Required keys: ``img``, ``regions``, and ``captions`` and ``expressions`` as ``ChooseTexts`` leaves them.

    Args:
        prob: Probability of each of the two.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirror image, regions and texts."""
        boxes = np.array(results['regions'], dtype=np.float64).reshape(-1, 4)
        for direction, axis in (('horizontal', 1), ('vertical', 0)):
            if np.random.random() >= self.prob:
                continue
            results['img'] = np.flip(results['img'], axis)
            near, far = (0, 2) if direction == 'horizontal' else (1, 3)
            boxes[:, [near, far]] = 1 - boxes[:, [far, near]]
            for key in ('captions', 'expressions'):
                results[key] = [mirror_text(text, direction) for text in results[key]]
        results['regions'] = boxes
        return results


@TRANSFORMS.register_module()
class PackSceneTexts(BaseTransform):
    """Tokenize the texts and pack the sample.

    Required keys: ``img``, ``regions``, and ``captions`` and ``expressions`` as ``ChooseTexts`` leaves them. The
    results are ``inputs``, the image ``(3, H, W)`` uint8, BGR, and ``data_samples``, a :class:`SceneTextSample`.

    Args:
        tokenizer: Config of a tokenizer of mmrrsis.
    """

    def __init__(self, tokenizer: dict) -> None:
        self.tokenizer = TOKENIZERS.build(tokenizer)

    def _tokenize(self, texts: list[str]) -> Tensor:
        """Return the tokens ``(T, N)``."""
        ids = [self.tokenizer(text).token_ids for text in texts]
        return torch.stack(ids) if ids else torch.zeros(0, self.tokenizer.max_tokens, dtype=torch.int64)

    def transform(self, results: dict) -> dict:
        """Return ``inputs`` and ``data_samples``."""
        sample = SceneTextSample(metainfo=dict(img_path=results.get('img_path')))
        sample.caption_ids = self._tokenize(results['captions'])
        sample.regions = torch.tensor(np.array(results['regions']), dtype=torch.float32).reshape(-1, 4)
        sample.expression_ids = self._tokenize(results['expressions'])
        return dict(
            inputs=torch.from_numpy(np.ascontiguousarray(results['img'].transpose(2, 0, 1))), data_samples=sample
        )
