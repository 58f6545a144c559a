# Copyright (c) mmrrsis contributors.
"""mIoU, oIoU and precision of referring segmentation."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import mmcv
import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmengine.structures import BaseDataElement, PixelData
from prettytable import PrettyTable
from torch import Tensor

from mmrrsis.registry import METRICS
from mmrrsis.structures import ReferringDataSample

#: Upper limits of the size bins: share of the image that the target covers (CD2FSAN, Figure 5).
SIZE_BINS = (('small', 0.2), ('medium', 0.6), ('large', float('inf')))


@METRICS.register_module()
class ReferringIoU(BaseMetric):
    """The scores that papers on referring segmentation report, in percent.

    With I and U the pixels in intersection and union of a sample: mIoU is the mean of I / U over samples, oIoU the
    sum of I over the sum of U, Pr@X the share of samples whose I / U reaches X. The default is the protocol of the
    published tables, which comes from LAVT and RMSIN: masks at the input resolution of the network, two empty masks
    count 0, Pr@X with >=. The choices are logged with the result.

    Keys of the result:

    - ``mIoU``, ``oIoU``, ``Pr@0.5`` ... for all samples;
    - ``mIoU_small``, ``oIoU_small``, and so for ``medium`` and ``large``: targets that cover up to 20%, up to 60% and
      more of the ground truth mask, as it is on disk;
    - ``mIoU_{subset}``, ``oIoU_{subset}`` for each subset of the samples and, when there is one, ``mIoU_other`` and
      ``oIoU_other`` for the samples of none;
    - ``class/{category}_mIoU``, spaces written as underscores.

    A group without samples has no keys.

    Args:
        resolution: 'input': the ground truth is resized to the prediction, nearest neighbour as in ``mmcv.Resize``.
            'original': the probability is resized to the image, bilinear, and thresholded there as the model does
            (foreground above ``mask_threshold`` of the data sample).
        precision_rule: '>=' or '>', how the IoU of a sample must compare to X.
        empty_union: IoU of a sample whose prediction and ground truth are both empty, 0 or 1.
        thresholds: The X of Pr@X.
        per_class: Whether to report each category.
        per_size: Whether to report the size bins.
        collect_device: As in :class:`mmengine.evaluator.BaseMetric`, like the following two.
        prefix: Written before the keys, with a slash.
        collect_dir: Folder for collecting from several processes.

    Raises:
        ValueError: If an option has another value.
    """

    # Not None, for which MMEngine warns: the keys have no prefix on purpose, so that `save_best='mIoU'` is enough.
    default_prefix = ''

    def __init__(
        self,
        resolution: str = 'input',
        precision_rule: str = '>=',
        empty_union: float = 0.0,
        thresholds: Sequence[float] = (0.5, 0.6, 0.7, 0.8, 0.9),
        per_class: bool = True,
        per_size: bool = True,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        for name, value, allowed in (
            ('resolution', resolution, ('input', 'original')),
            ('precision_rule', precision_rule, ('>=', '>')),
            ('empty_union', empty_union, (0, 1)),
        ):
            if value not in allowed:
                raise ValueError(f'`{name}` of ReferringIoU is {value!r}. Choose {allowed[0]!r} or {allowed[1]!r}.')
        if not thresholds or not all(0 < threshold <= 1 for threshold in thresholds):
            raise ValueError(
                f'`thresholds` of ReferringIoU is {thresholds!r}. Give one or more numbers above 0 and up to 1, for '
                'example (0.5, 0.9).'
            )
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.resolution = resolution
        self.precision_rule = precision_rule
        self.empty_union = float(empty_union)
        self.thresholds = tuple(thresholds)
        self.per_class = per_class
        self.per_size = per_size

    def process(self, data_batch: Any, data_samples: Sequence[dict | BaseDataElement]) -> None:
        """Count the pixels of a batch.

        Args:
            data_batch: Not used.
            data_samples: Data samples, or their dicts, with ``gt_mask`` and ``pred_mask``.

        Raises:
            ValueError: If a sample has no ``gt_mask``, or its masks do not fit its sizes.
        """
        for data_sample in data_samples:
            sample = data_sample.to_dict() if isinstance(data_sample, BaseDataElement) else data_sample
            name = f"Sample '{sample.get('sample_id')}'"
            if 'gt_mask' not in sample:
                raise ValueError(
                    f'{name} has no `gt_mask` to compare with. Put LoadReferringMask into the test pipeline.'
                )
            target = sample['gt_mask']['data'][0].cpu().bool()  # (H, W)
            prediction, truth = (self._at_input if self.resolution == 'input' else self._at_original)(
                name, sample, target
            )
            # One result per sample and nothing that depends on the others: MMEngine interleaves the results of several
            # processes and cuts off the samples by which the last batches were filled up.
            self.results.append(
                dict(
                    intersection=int((prediction & truth).sum()),
                    union=int((prediction | truth).sum()),
                    coverage=int(target.sum()) / target.numel(),
                    category=sample.get('category'),
                    subset=sample.get('subset'),
                )
            )

    @staticmethod
    def _at_input(name: str, sample: dict, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return prediction and ground truth, bool, at the network's input resolution."""
        prediction = sample['pred_mask']['data'][0].cpu().bool()
        if tuple(prediction.shape) != tuple(sample['img_shape']):
            raise ValueError(
                f'{name}: the prediction is {tuple(prediction.shape)}, but the input of the network was '
                f'{tuple(sample["img_shape"])}. Resize the logits to the input before thresholding.'
            )
        if target.shape != prediction.shape:
            height, width = prediction.shape
            resized = mmcv.imresize(
                target.numpy().astype(np.uint8), (width, height), interpolation='nearest', backend='cv2'
            )
            target = torch.from_numpy(resized).bool()
        return prediction, target

    @staticmethod
    def _at_original(name: str, sample: dict, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return prediction and ground truth, bool, at the resolution of the image."""
        if tuple(target.shape) != tuple(sample['ori_shape']):
            raise ValueError(
                f'{name}: the ground truth is {tuple(target.shape)}, but the image is {tuple(sample["ori_shape"])}. '
                "For `resolution='original'` the test pipeline must load the mask after Resize."
            )
        if 'probability' not in sample['pred_mask'] or 'mask_threshold' not in sample:
            raise ValueError(
                f"{name}: `resolution='original'` needs `pred_mask.probability` and the meta information "
                '`mask_threshold` in the prediction. Use a segmentor that writes both.'
            )
        prediction = ReferringDataSample(
            metainfo=dict(sample_id=sample.get('sample_id'), mask_threshold=sample['mask_threshold']),
            pred_mask=PixelData(probability=sample['pred_mask']['probability']),
        )
        height, width = target.shape
        return prediction.at_size((height, width)).pred_mask.data[0], target

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Compute the scores of all samples and log them.

        Args:
            results: What :meth:`process` counted, one dict per sample.

        Returns:
            The scores in percent; see the class for the keys.
        """
        rows: list[tuple[str, int, dict[str, float]]] = []
        metrics: dict[str, float] = {}

        def add(title: str, group: list[dict], key: Callable[[str], str], names: Iterable[str] | None = None) -> None:
            """Score a group; ``key`` turns the name of a score into its key, ``names`` are those reported."""
            if group:
                scores = self._score(group)
                rows.append((title, len(group), scores))
                metrics.update({key(name): scores[name] for name in names or scores})

        add('all', results, str)
        if self.per_size:
            lower = -1.0
            for size, upper in SIZE_BINS:
                group = [result for result in results if lower < result['coverage'] <= upper]
                add(f'size: {size}', group, f'{{}}_{size}'.format, ('mIoU', 'oIoU'))
                lower = upper
        subsets = sorted({result['subset'] for result in results} - {None})
        for subset in [*subsets, None] if subsets else []:
            group = [result for result in results if result['subset'] == subset]
            title = 'other' if subset is None else subset
            add(f'subset: {title}', group, f'{{}}_{title}'.format, ('mIoU', 'oIoU'))
        if self.per_class:
            for category in sorted({result['category'] for result in results} - {None}):
                group = [result for result in results if result['category'] == category]
                key = f'class/{category.replace(" ", "_")}_{{}}'.format
                add(category, group, key, ('mIoU',))
        self._log(rows)
        return metrics

    def _score(self, results: list[dict]) -> dict[str, float]:
        """Return mIoU, oIoU and Pr@X of a group, in percent."""
        intersections = np.array([result['intersection'] for result in results], dtype=np.int64)
        unions = np.array([result['union'] for result in results], dtype=np.int64)
        ious = np.where(unions > 0, intersections / np.maximum(unions, 1), self.empty_union)
        overall = intersections.sum() / unions.sum() if unions.any() else self.empty_union
        scores = {'mIoU': ious.mean(), 'oIoU': overall}
        for threshold in self.thresholds:
            reached = ious >= threshold if self.precision_rule == '>=' else ious > threshold
            scores[f'Pr@{threshold:g}'] = reached.mean()
        return {name: 100 * float(score) for name, score in scores.items()}

    def _log(self, rows: list[tuple[str, int, dict[str, float]]]) -> None:
        """Log the protocol and a table with one row per group."""
        if not rows:
            return
        table = PrettyTable(['group', 'samples', *rows[0][2]])
        table.align['group'] = 'l'
        for title, number, scores in rows:
            table.add_row([title, number, *(f'{score:.2f}' for score in scores.values())])
        resolution = "the network's input" if self.resolution == 'input' else 'the original image'
        MMLogger.get_current_instance().info(
            f'Referring segmentation, in percent. Protocol: masks at the resolution of {resolution}, IoU of two empty '
            f'masks {self.empty_union:g}, Pr@X with IoU {self.precision_rule} X.\n{table.get_string()}'
        )
