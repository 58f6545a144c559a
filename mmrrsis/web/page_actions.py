# Copyright (c) mmrrsis contributors.
"""What happens when a person does something on the page."""

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from mmengine.logging import print_log

from mmrrsis.geo import Predictor

from .result_view import draw_overlay, draw_source, layer_table, mask_table
from .segmentation import Segmentation, segment_source
from .user_input import Example, PictureSource, read_expression_lines, read_source
from .write_exports import write_exports

# Files that were made for a download are removed after this time.
_KEEP_SECONDS = 3600
# What a person can set right; anything else is a fault of the program and goes through to Gradio.
_USER_ERRORS = (ValueError, OSError)


def error_message(error: Exception) -> str:
    """Return an error as HTML that screen readers announce."""
    return f'<div class="message error" role="alert">{escape(str(error))}</div>'


def start_message() -> str:
    """Return what to do first, as HTML."""
    return '<div class="message">Upload an image or take an example, describe what you look for, then segment.</div>'


def source_message(source: PictureSource, notes: Sequence[str] = ()) -> str:
    """Return what is known of an image, and what the model does not understand of the expressions, as HTML."""
    place = (
        f'georeferenced ({source.crs}): masks can be downloaded as GeoTIFF and GeoJSON'
        if source.crs
        else 'without georeference: masks can be downloaded as PNG'
    )
    text = f'{source.path.name}: {source.width} × {source.height} pixels, {place}.'
    listed = ''.join(f'<div class="message warning" role="alert">{escape(note)}</div>' for note in notes)
    return f'<div class="message">{escape(text)}</div>{listed}'


class PageActions:
    """Handlers of the page's events.

    Args:
        predictor: The model.
        examples: The examples.
        folder: Where files for downloads are written.
    """

    def __init__(self, predictor: Predictor, examples: Sequence[Example], folder: str | Path) -> None:
        self.predictor = predictor
        self.examples = examples
        self.folder = Path(folder)
        self._model_lock = threading.Lock()  # the layers are read from the one model while it runs

    def take_example(self, event: gr.SelectData) -> tuple[str, str, dict[str, Any]]:
        """Return file and text of the example that was selected, and deselect it, so that it can be taken again."""
        example = self.examples[event.index]
        return str(example.path), '\n'.join(example.expressions), gr.update(selected_index=None)

    def show_source(self, path: str | None) -> tuple[Any, ...]:
        """Show an image that was chosen, and forget the results of another one.

        Returns:
            Message, picture, and what :meth:`_no_results` returns.
        """
        if path is None:
            return start_message(), None, *self._no_results()
        try:
            source = read_source(path)
        except _USER_ERRORS as error:
            return error_message(error), None, *self._no_results()
        return source_message(source), draw_source(source), *self._no_results()

    def segment(
        self, path: str | None, text: str, threshold: float, opacity: float, force: bool = False
    ) -> tuple[Any, ...]:
        """Run the model.

        Returns:
            Message, picture, state, shown masks, table of masks, table of layers, results and layers visible or not,
            and the files.
        """
        try:
            source = read_source(path)
        except _USER_ERRORS as error:
            return error_message(error), None, *self._no_results()
        try:
            expressions = read_expression_lines(text)
            with self._model_lock:
                segmentation = segment_source(self.predictor, source, expressions, force)
        except _USER_ERRORS as error:
            return error_message(error), draw_source(source), *self._no_results()
        numbers = list(range(len(expressions)))
        choices = [(expression, index) for index, expression in enumerate(expressions)]
        layers = layer_table(segmentation)
        return (
            source_message(source, segmentation.notes),
            draw_overlay(segmentation, threshold, opacity),
            segmentation,
            gr.update(choices=choices, value=numbers, visible=len(expressions) > 1),
            mask_table(segmentation, threshold),
            layers,
            gr.update(visible=True),
            gr.update(visible=bool(layers)),
            gr.update(value=None, visible=False),
        )

    @staticmethod
    def _no_results() -> tuple[Any, ...]:
        """Return state, shown masks, both tables, results and layers hidden, and no files."""
        hidden = gr.update(visible=False)
        return None, gr.update(choices=[], value=[], visible=False), '', '', hidden, hidden, gr.update(value=None)

    def redraw(
        self, segmentation: Segmentation | None, threshold: float, opacity: float, shown: Sequence[int]
    ) -> np.ndarray | dict[str, Any]:
        """Draw the masks again."""
        if segmentation is None:
            return gr.skip()
        return draw_overlay(segmentation, threshold, opacity, shown)

    def rethreshold(
        self, segmentation: Segmentation | None, threshold: float, opacity: float, shown: Sequence[int]
    ) -> tuple[Any, ...]:
        """Draw the masks of another threshold, and take back files that were made with the old one.

        Returns:
            Picture, table of masks and the files.
        """
        if segmentation is None:
            return gr.skip(), gr.skip(), gr.skip()
        drawn = draw_overlay(segmentation, threshold, opacity, shown)
        return drawn, mask_table(segmentation, threshold), gr.update(value=None, visible=False)

    def export(self, segmentation: Segmentation | None, threshold: float) -> tuple[Any, ...]:
        """Write the files to download.

        Returns:
            Message and the files.
        """
        if segmentation is None:
            return error_message(ValueError('There is no mask yet. Segment an image first.')), gr.skip()
        self._remove_old_files()
        try:
            files = write_exports(segmentation, threshold, tempfile.mkdtemp(dir=self.folder))
        except _USER_ERRORS as error:
            print_log(f'Files could not be written: {error}', logger='current', level=logging.WARNING)
            return error_message(error), gr.update(value=None, visible=False)
        message = source_message(segmentation.source, segmentation.notes)
        return message, gr.update(value=[str(file) for file in files], visible=True)

    def _remove_old_files(self) -> None:
        """Remove files of downloads that nobody waits for any more; Gradio serves copies of its own."""
        for path in self.folder.iterdir():
            if path.is_dir() and path.stat().st_mtime < time.time() - _KEEP_SECONDS:
                shutil.rmtree(path)
