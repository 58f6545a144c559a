# Copyright (c) mmrrsis contributors.
"""Writing referring sets to disk in the layouts of RRSIS-D, RefSegRS and RISBench."""

from collections.abc import Mapping

from .layout import Layout
from .phrase_list_layout import PhraseListLayout
from .rrsisd_layout import RRSISDLayout

#: How each layout is written.
LAYOUTS: Mapping[str, Layout] = {
    'rrsisd': RRSISDLayout(),
    'refsegrs': PhraseListLayout('images', 'masks', '.tif', with_suffix=False),
    'risbench': PhraseListLayout('img_rgb', 'mask', '.png', with_suffix=True),
}

__all__ = ['LAYOUTS', 'Layout']
