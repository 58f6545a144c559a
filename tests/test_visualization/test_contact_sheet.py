# Copyright (c) mmrrsis contributors.
import numpy as np
import pytest

from mmrrsis.images import read_image
from mmrrsis.visualization import SheetRow, draw_contact_sheet


def make_row(pred_columns, gray=90):
    gt = np.zeros((40, 40), dtype=bool)
    gt[:, :20] = True
    pred = np.zeros((40, 40), dtype=bool)
    pred[:, list(pred_columns)] = True
    return SheetRow(np.full((40, 40, 3), gray, dtype=np.uint8), 'the left half', gt, pred)


def test_iou_of_a_row():
    assert make_row(range(10, 30)).iou == pytest.approx(10 / 30)
    assert make_row(range(20)).iou == 1.0
    empty = make_row([])
    empty.gt_mask[:] = False
    assert empty.iou == 0.0  # the published protocol


def test_sheet_holds_image_ground_truth_and_prediction(tmp_path):
    path = draw_contact_sheet([make_row(range(20, 40))], tmp_path / 'new' / 'sheet.png')
    sheet = read_image(path).astype(int)
    height, width = sheet.shape[:2]
    cells = [
        sheet[height // 2 - 40 : height // 2 + 60, int((c + 0.1) * width / 4) : int((c + 0.9) * width / 4)]
        for c in range(4)
    ]
    halves = [(cell[:, : cell.shape[1] // 2], cell[:, cell.shape[1] // 2 :]) for cell in cells]

    def tinted(part):  # share of pixels that are not gray
        return (np.ptp(part, axis=2) > 20).mean()

    assert tinted(cells[0]) == 0
    assert tinted(halves[2][0]) > 0.7 and tinted(halves[2][1]) < 0.2, 'ground truth: left half'
    assert tinted(halves[3][1]) > 0.7 and tinted(halves[3][0]) < 0.2, 'prediction: right half'
    assert (cells[1] < 100).any(), 'the expression is written'


def test_every_row_adds_height(tmp_path):
    one = read_image(draw_contact_sheet([make_row([1])], tmp_path / 'one.png', title='Title'))
    three = read_image(draw_contact_sheet([make_row([1])] * 3, tmp_path / 'three.png', title='Title'))
    assert three.shape[0] - one.shape[0] == pytest.approx(500, abs=3)  # two rows of 2.5 inches at 100 dots
    assert three.shape[1] == one.shape[1]


def test_empty_sheet_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r'at least one row'):
        draw_contact_sheet([], tmp_path / 'sheet.png')
