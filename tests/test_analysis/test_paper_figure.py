# Copyright (c) mmrrsis contributors.
import pytest
from matplotlib import rcParams

from mmrrsis.analysis import check_figure_suffix, save_figure
from mmrrsis.analysis.paper_figure import PALETTE, new_figure, paper_style
from mmrrsis.images import read_image


def test_figure_is_saved_in_inches_and_dots_into_a_new_folder(tmp_path):
    out = save_figure(new_figure(2, 1), tmp_path / 'new' / 'figure.png')
    assert out == tmp_path / 'new' / 'figure.png'
    assert read_image(out).shape == (300, 600, 3)
    assert save_figure(new_figure(2, 1), tmp_path / 'figure.pdf').read_bytes().startswith(b'%PDF')


def test_unknown_suffix_is_named_with_the_known_ones(tmp_path):
    for name in ('figure', 'figure.docx'):
        with pytest.raises(ValueError, match=rf"{name}' has no suffix of a picture. Choose one of .*\.pdf, .*\.png"):
            save_figure(new_figure(2, 1), tmp_path / name)
    assert not list(tmp_path.iterdir())
    check_figure_suffix('FIGURE.PNG')


def test_style_holds_while_drawing_and_at_every_call():
    @paper_style
    def size():
        return rcParams['font.size'], rcParams['text.parse_math']

    rcParams_before = rcParams['font.size'], rcParams['text.parse_math']
    for _ in range(2):
        rcParams['font.size'] = 3
        assert size() == (10, False)
        assert rcParams['font.size'] == 3
        rcParams['font.size'] = rcParams_before[0]
    assert len(set(PALETTE)) == len(PALETTE)
