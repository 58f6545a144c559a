# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest

from mmrrsis.analysis import draw_comparison_grid
from mmrrsis.visualization import GT_COLOR, PRED_COLOR, SheetRow, draw_mask


def make_row(pred_columns, expression='the left half', gray=90):
    gt = np.zeros((40, 60), dtype=bool)
    gt[:, :20] = True
    pred = np.zeros((40, 60), dtype=bool)
    pred[:, list(pred_columns)] = True
    return SheetRow(np.full((40, 60, 3), gray, dtype=np.uint8), expression, gt, pred)


def test_columns_are_image_truth_and_models():
    rows = [[make_row(range(20)), make_row(range(10, 30))], [make_row([], gray=30), make_row(range(40), gray=30)]]
    figure = draw_comparison_grid(rows, ['one', 'two_$'], 'title')
    assert len(figure.axes) == 8
    for number, row in enumerate(rows):
        line = figure.axes[4 * number : 4 * number + 4]
        image = row[0].image
        expected = [image, draw_mask(image, row[0].gt_mask, GT_COLOR, 0.5)]
        expected += [draw_mask(image, sample.pred_mask, PRED_COLOR, 0.5) for sample in row]
        for axis, picture in zip(line, expected, strict=True):
            np.testing.assert_array_equal(axis.images[0].get_array(), picture)
        assert not line[0].texts and not line[1].texts
    written = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert written == ['IoU 1.00', 'IoU 0.33', 'IoU 0.00', 'IoU 0.50']
    texts = [text.get_text() for text in figure.texts]
    assert texts[:5] == ['title', 'image', 'ground truth', 'one', 'two_$']
    assert texts[5:] == ['the left half'] * 2


def extents(figure):
    figure.canvas.draw()
    tiles = [axis.get_window_extent() for axis in figure.axes]
    return tiles, [text.get_window_extent() for text in figure.texts]


@pytest.mark.parametrize('models', [1, 3, 5])
def test_nothing_overlaps_nor_leaves_the_page(models):
    long = 'The large white storage tank in the lower left part of the image that is next to the small gray tank ' * 2
    rows = [[make_row(range(5), text)] * models for text in (long, 'the ship', long)]
    figure = draw_comparison_grid(rows, ['a model with a long name'] * models, 'A long title of the figure ' * 4)
    tiles, texts = extents(figure)
    page = figure.bbox
    for box in (*tiles, *texts):
        assert box.x0 >= -0.5 and box.x1 <= page.x1 + 0.5 and box.y0 >= -0.5 and box.y1 <= page.y1 + 0.5
    for text in texts:
        assert not any(text.overlaps(tile) for tile in tiles)
    for number, first in enumerate(texts):
        assert not any(first.overlaps(other) for other in texts[number + 1 :])
    widths = {round(tile.width) for tile in tiles} | {round(tile.height) for tile in tiles}
    assert max(widths) <= 2.0 * figure.dpi + 1
    assert page.width <= 7.0 * figure.dpi + 1


def test_wrong_rows_are_errors():
    for rows, models in (([], ['one']), ([[]], [])):
        with pytest.raises(ValueError, match=r'at least one sample and one model'):
            draw_comparison_grid(rows, models, 'title')
    with pytest.raises(ValueError, match=r"Row 2 has 1 predictions for the 2 models \['a', 'b'\]"):
        draw_comparison_grid([[make_row([1])] * 2, [make_row([1])]], ['a', 'b'], 'title')
