# Copyright (c) mmrrsis contributors.
"""Look of the page."""

#: Style sheet; the variables are those of Gradio's theme, so that light and dark both work.
CSS = """
.gradio-container {--body-text-color-subdued: color-mix(in srgb, var(--body-text-color) 72%, transparent);
  --block-info-text-color: var(--body-text-color-subdued); width: 100%;
  max-width: 1240px !important; margin: 0 auto !important}
.page-head h1 {font-size: 1.5rem; font-weight: 650; margin: 0 0 .25rem}
.page-head p {margin: 0; line-height: 1.5}
.page-head p.limits {margin-top: .75rem; padding: .55rem .8rem; border-left: 4px solid #d97706;
  background: color-mix(in srgb, #d97706 10%, transparent); color: var(--body-text-color); border-radius: 4px}
.message {padding: .55rem .8rem; border-radius: 4px; line-height: 1.45; overflow-wrap: anywhere;
  border-left: 4px solid var(--border-color-primary); background: var(--background-fill-secondary)}
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
