# Copyright (c) mmrrsis contributors.
import numpy as np

from mmrrsis.web import read_source, segment_source
from mmrrsis.web.result_view import COLORS, draw_overlay, layer_table, mask_table


def test_overlay_shows_the_chosen_masks_in_their_colours(predictor, photograph, pixels):
    result = segment_source(predictor, read_source(photograph), ['red roof', 'green yard'])
    both = draw_overlay(result, 0.5, 1.0)
    assert tuple(both[14, 26]) == COLORS[0] and tuple(both[33, 9]) == COLORS[1]
    one = draw_overlay(result, 0.5, 1.0, [1])
    np.testing.assert_array_equal(one[:24], pixels[:24])
    assert tuple(one[33, 9]) == COLORS[1]
    half = draw_overlay(result, 0.5, 0.5)
    np.testing.assert_array_equal(half[14, 26], np.rint((pixels[14, 26] + np.array(COLORS[0])) / 2))
    np.testing.assert_array_equal(draw_overlay(result, 0.9, 1.0), pixels)


def test_tables_say_what_was_found_and_show_words_as_words(predictor, photograph):
    result = segment_source(predictor, read_source(photograph), ['red <b>roof</b>', 'blue car'])
    table = mask_table(result, 0.5)
    assert 'red &lt;b&gt;roof&lt;/b&gt;' in table and '>6.0%<' in table and '>0.80<' in table
    assert 'nothing above 0.50; highest 0.20' in table
    assert '<b>' not in table + layer_table(result)
