# Copyright (c) mmrrsis contributors.
"""Bring bands of any data type to 8 bits."""

from dataclasses import dataclass

import numpy as np

#: Percentiles that become black and white, those that geographic information systems use by default.
DEFAULT_PERCENTILES = (2.0, 98.0)


def parse_stretch(stretch: str | tuple[float, float], dtype: np.dtype) -> tuple[float, float] | None:
    """Read how to stretch a scene.

    Args:
        stretch: ``auto`` (8-bit scenes as they are, others 2 to 98), ``none``, or two percentiles as a tuple or as
            text such as ``0.5,99.5``.
        dtype: Data type of the scene.

    Returns:
        Two percentiles in [0, 100], or None to take the values as they are.

    Raises:
        ValueError: If it is none of these, or ``none`` for a scene that is not 8-bit.
    """
    if stretch == 'auto':
        return None if dtype == np.uint8 else DEFAULT_PERCENTILES
    if stretch == 'none':
        if dtype != np.uint8:
            raise ValueError(f'`stretch` is `none` but the scene is {dtype}: only 8-bit values are used as they are.')
        return None
    try:
        low, high = (float(part) for part in (stretch.split(',') if isinstance(stretch, str) else stretch))
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f'`stretch` must be auto, none or two percentiles such as 2,98 but is {stretch!r}.'
        ) from error
    if not 0 <= low < high <= 100:
        raise ValueError(f'`stretch` must be two increasing percentiles in [0, 100] but is {low:g},{high:g}.')
    return low, high


@dataclass(frozen=True)
class Stretch:
    """A linear map of each band to 0..255.

    Attributes:
        low: ``(B,)`` float64, the values that become 0.
        high: ``(B,)`` float64, the values that become 255. A band with ``low == high`` has no contrast and is black.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def estimate(cls, bands: np.ndarray, valid: np.ndarray, percentiles: tuple[float, float]) -> 'Stretch':
        """Estimate from a sample of the scene.

        Args:
            bands: ``(B, h, w)``, any real data type.
            valid: ``(B, h, w)`` bool; other values do not count. A band without any is black.
            percentiles: Two percentiles in [0, 100].

        Returns:
            The stretch.
        """
        limits = [
            np.percentile(band[mask].astype(np.float64), percentiles) if mask.any() else np.zeros(2)
            for band, mask in zip(bands, valid, strict=True)
        ]
        low, high = np.stack(limits, axis=1)
        return cls(low, high)

    def apply(self, bands: np.ndarray) -> np.ndarray:
        """Map ``(B, h, w)`` to uint8; values that are not finite become 0."""
        span = self.high - self.low
        # float32 is not enough for large integers, such as 32-bit radar counts; band by band keeps float64 small.
        out = np.zeros(bands.shape, dtype=np.uint8)
        for index, band in enumerate(bands):
            if span[index] > 0:
                scaled = (band.astype(np.float64) - self.low[index]) * (255 / span[index])
                out[index] = np.rint(np.nan_to_num(scaled, nan=0).clip(0, 255))
        return out
