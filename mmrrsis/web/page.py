# Copyright (c) mmrrsis contributors.
"""The page: an image and sentences in, masks and polygons out."""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from mmengine.config import Config

from mmrrsis.geo import Predictor

from .page_actions import PageActions, start_message
from .result_view import draw_source
from .user_input import MAX_EXPRESSIONS, MAX_SIDE, Example, read_source

# Uploads go after a day; Gradio itself forgets the probabilities of people who have closed the tab.
_UPLOAD_SECONDS = 24 * 3600
# A 16-bit scene of the largest size, uncompressed, with four bands.
_MAX_FILE_SIZE = '160mb'
# Requests that wait for the model; further ones are told so at once.
_MAX_WAITING = 16
# Style sheet; the variables are those of Gradio's theme, so that light and dark both work.
_CSS = """
.gradio-container {--body-text-color-subdued: color-mix(in srgb, var(--body-text-color) 72%, transparent);
  --block-info-text-color: var(--body-text-color-subdued); width: 100%;
  max-width: 1240px !important; margin: 0 auto !important}
.page-head h1 {font-size: 1.5rem; font-weight: 650; margin: 0 0 .25rem}
.page-head p {margin: 0; line-height: 1.5}
.page-head p.limits {margin-top: .75rem; padding: .55rem .8rem; border-left: 4px solid #d97706;
  background: color-mix(in srgb, #d97706 10%, transparent); color: var(--body-text-color); border-radius: 4px}
.message {padding: .55rem .8rem; border-radius: 4px; line-height: 1.45; overflow-wrap: anywhere;
  border-left: 4px solid var(--border-color-primary); background: var(--background-fill-secondary)}
.message.warning {margin-top: .4rem; border-left-color: #d97706;
  background: color-mix(in srgb, #d97706 10%, transparent)}
.message.error {border-left-color: #dc2626; background: color-mix(in srgb, #dc2626 10%, transparent)}
/* Grid and flex children grow with their content unless told otherwise; tables scroll inside their frame instead. */
.gradio-container :is(.main, .wrap, .contain, .row, .column, .block, .form, .html-container) {min-width: 0}
.gradio-container .html-container {padding: 0}
#picture img {width: 100%; height: auto; max-height: min(70vh, 640px); object-fit: contain}
#picture .image-container {min-height: 14rem}
#examples {border: 0; background: none; padding: 0; overflow: visible}
#examples .grid-container {grid-template-columns: repeat(3, minmax(0, 1fr)) !important}
#examples .grid-wrap {height: auto; min-height: 0; max-height: none; padding: 0}
.scroll {overflow-x: auto; max-width: 100%}
.scroll table {width: 100%; border-collapse: collapse; font-size: .9rem; color: var(--body-text-color); margin: 0}
.scroll :is(table, thead, tbody, tr, th, td) {border: 0}
.scroll th {text-align: left; font-weight: 600; padding: .4rem .5rem;
  border-bottom: 1px solid var(--border-color-primary)}
.scroll td {padding: .4rem .5rem; border-bottom: 1px solid var(--border-color-primary)}
.scroll .number {text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap}
.scroll .words {min-width: 9rem; overflow-wrap: anywhere}
.scroll .empty {text-align: right; font-style: italic}
.scroll .cell {text-align: center; min-width: 2.9rem; font-variant-numeric: tabular-nums}
.scroll td.cell {border: 2px solid var(--body-background-fill)}
.scroll td.chosen {box-shadow: inset 0 0 0 3px #d97706; font-weight: 700}
.swatch {display: inline-block; width: .85rem; height: .85rem; border-radius: 3px; margin-right: .5rem;
  vertical-align: -1px; border: 1px solid rgba(0, 0, 0, .35)}
.note {font-size: .85rem; margin: .5rem 0 0; line-height: 1.45}
.part-title {font-size: 1rem; font-weight: 600; margin: .25rem 0 0}
@media (max-width: 640px) {
  .scroll .words {min-width: 7rem}
  .scroll :is(th, td) {padding: .35rem .25rem}
  .scroll .cell {min-width: 1.9rem; font-size: .8rem}
}
"""


def training_note(cfg: Config) -> str:
    """Return a sentence on what a model has seen; empty unless it was trained on synthetic scenes.

    Args:
        cfg: The config of the model.
    """
    loader = cfg.get('train_dataloader') or {}
    if loader.get('dataset', {}).get('type') != 'SynthRSDataset':
        return ''
    return (
        'This small model has seen synthetic scenes only. On real photographs its masks mean nothing: they show what '
        'the page does, not what the method can do.'
    )


def _head(model_name: str, note: str) -> str:
    limits = f'<p class="limits">{escape(note)}</p>' if note else ''
    return (
        '<div class="page-head"><h1>Referring segmentation of aerial images</h1>'
        '<p>Describe objects in words; the model marks the pixels that are meant. It sees the whole image, reduced to '
        f'its input size. Model: {escape(model_name)}.</p>{limits}</div>'
    )


def build_page(
    predictor: Predictor, examples: Sequence[Example], folder: str | Path, model_name: str, note: str = ''
) -> gr.Blocks:
    """Build the page.

    Args:
        predictor: A :class:`~mmrrsis.apis.ReferringInferencer`, or anything that predicts as it does.
        examples: Scenes to try; without any the page has no such part.
        folder: An existing folder for the files that people download.
        model_name: Shown at the top.
        note: What to know about the model before trusting it, shown at the top.

    Returns:
        The page, not yet launched.
    """
    actions = PageActions(predictor, examples, folder)
    with gr.Blocks(title='mmrrsis', analytics_enabled=False, delete_cache=(3600, _UPLOAD_SECONDS)) as page:
        gr.HTML(_head(model_name, note))
        state = gr.State(None)
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=300):
                file = gr.File(label=f'Image or GeoTIFF, up to {MAX_SIDE} pixels per side', height=170, elem_id='file')
                text = gr.Textbox(
                    label=f'Expressions, one per line, up to {MAX_EXPRESSIONS}',
                    placeholder='the ship on the left\nthe largest storage tank',
                    lines=3,
                    max_lines=8,
                    elem_id='expressions',
                )
                force = gr.Checkbox(label='Force an answer for objects that the model does not know', elem_id='force')
                run = gr.Button('Segment', variant='primary', elem_id='segment')
                gr.HTML('<h2 class="part-title">Examples</h2>', visible=bool(examples))
                gallery = gr.Gallery(
                    [(draw_source(read_source(example.path)), example.title) for example in examples],
                    label='Examples',
                    show_label=False,
                    columns=3,
                    height='auto',
                    object_fit='cover',
                    allow_preview=False,
                    interactive=False,
                    buttons=[],
                    visible=bool(examples),
                    elem_id='examples',
                )
            with gr.Column(scale=3, min_width=300):
                message = gr.HTML(start_message(), elem_id='message')
                picture = gr.Image(
                    label='Image',
                    format='png',
                    interactive=False,
                    buttons=['fullscreen'],
                    elem_id='picture',
                )
                with gr.Row():
                    threshold = gr.Slider(
                        0,
                        1,
                        predictor.mask_threshold,
                        step=0.01,
                        label='Threshold',
                        info='Pixels above it are in the mask',
                        elem_id='threshold',
                    )
                    opacity = gr.Slider(
                        0, 1, 0.4, step=0.05, label='Opacity', info='Of the colours; outlines stay', elem_id='opacity'
                    )
                with gr.Column(visible=False) as results:
                    shown = gr.CheckboxGroup(label='Shown', visible=False, elem_id='shown')
                    masks = gr.HTML(elem_id='masks')
                    with gr.Column(visible=False) as layer_part:
                        gr.HTML('<h2 class="part-title">Layers chosen for each expression</h2>')
                        layers = gr.HTML(elem_id='layers')
                    export = gr.Button('Prepare files to download', elem_id='export')
                    files = gr.File(
                        label='Masks at this threshold, in full size',
                        file_count='multiple',
                        interactive=False,
                        visible=False,
                        elem_id='files',
                    )
        everything = [message, picture, state, shown, masks, layers, results, layer_part, files]
        view = [state, threshold, opacity, shown]
        quick: dict[str, Any] = dict(show_progress='hidden', trigger_mode='always_last', api_visibility='private')
        gallery.select(actions.take_example, None, [file, text, gallery], api_visibility='private')
        file.change(actions.show_source, file, everything, api_visibility='private', show_progress_on=picture)
        gr.on(
            [run.click, text.submit],
            actions.segment,
            [file, text, threshold, opacity, force],
            everything,
            api_visibility='private',
            show_progress_on=picture,
        )
        threshold.change(actions.rethreshold, view, [picture, masks, files], **quick)
        opacity.change(actions.redraw, view, picture, **quick)
        shown.input(actions.redraw, view, picture, **quick)
        export.click(
            actions.export, [state, threshold], [message, files], api_visibility='private', show_progress_on=export
        )
    return page


def launch_page(
    predictor: Predictor,
    model_name: str,
    examples: Sequence[Example] = (),
    note: str = '',
    port: int | None = None,
    share: bool = False,
    block: bool = True,
) -> str:
    """Build the page and serve it.

    Args:
        predictor: The model.
        model_name: Shown at the top.
        examples: Scenes to try; their files are served, so they stay where they are as long as the page is up.
        note: See :func:`build_page`.
        port: Port on this machine; None takes the first free one from 7860 on.
        share: Make a public link through Gradio's servers.
        block: Wait until the process is interrupted; False returns when the page is up.

    Returns:
        The address of the page.

    Raises:
        OSError: If the port is taken.
    """
    folder = Path(tempfile.mkdtemp(prefix='mmrrsis_web_'))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    page = build_page(predictor, examples, folder, model_name, note)
    theme = gr.themes.Default(primary_hue='blue', font=('system-ui', 'sans-serif'), font_mono=('monospace',))
    page.queue(max_size=_MAX_WAITING)
    _, address, _ = page.launch(
        server_name='127.0.0.1',  # whatever the environment says: others come in with `share` alone
        server_port=port,
        share=share,
        prevent_thread_lock=not block,
        show_error=True,
        footer_links=[],
        ssr_mode=False,
        max_file_size=_MAX_FILE_SIZE,
        allowed_paths=[str(example.path) for example in examples],
        theme=theme,
        css=_CSS,
    )
    return address
