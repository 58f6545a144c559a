# Copyright (c) mmrrsis contributors.
"""Sphinx extension: a page per method, made from ``configs/*/metafile.yml`` and ``projects/*/metafile.yml``."""

import os
from pathlib import Path

import yaml
from repository_pages import ROOT, outside_pages, write_pages
from sphinx.application import Sphinx


def _results(models: list[dict]) -> list[str]:
    """Return the table of results: a row per config and split, a column per metric."""
    rows = [(model, result) for model in models for result in model.get('Results', [])]
    metrics = list(dict.fromkeys(name for _, result in rows for name in result['Metrics']))
    if not rows:
        return []
    lines = ['## Results', '']
    lines.append('| config | split | ' + ' | '.join(metrics) + ' |')
    lines.append('|---' * (2 + len(metrics)) + '|')
    for model, result in rows:
        values = [str(result['Metrics'].get(name, '')) for name in metrics]
        lines.append('| ' + ' | '.join([f'`{model["Name"]}`', result['Dataset'], *values]) + ' |')
    lines += ['', 'Where these figures come from:', '']
    lines += [f'- `{model["Name"]}`: {model["Metadata"]["Figures"]}.' for model in models]
    return [*lines, '']


def model_page(metafile: Path) -> str:
    """Return the page of a method.

    Args:
        metafile: Its metafile, in the format of OpenMMLab's model index.

    Returns:
        Markdown.
    """
    content = yaml.safe_load(metafile.read_text(encoding='utf-8'))
    (collection,) = content['Collections']
    models = content['Models']
    paper, metadata = collection['Paper'], collection['Metadata']
    title = f'[{paper["Title"]}]({paper["URL"]})' if paper.get('URL') else paper['Title']
    lines = [f'# {collection["Name"]}', '', f'> {title}', '']
    lines += [f'- **Architecture:** {", ".join(metadata["Architecture"])}']
    lines += [f'- **Data sets:** {", ".join(metadata["Training Data"])}']
    if (notes := outside_pages().get(collection['README'])) is not None:
        link = os.path.relpath(notes, 'models')
        lines += [f'- **How it works, how to train it, tables of the paper:** [notes]({link}.md)']
    lines += ['', '## Configs', '', '| config | data set | epochs | images per step |', '|---|---|---|---|']
    for model in models:
        facts = model['Metadata']
        config = os.path.relpath(ROOT / model['Config'], ROOT / 'docs/models')
        lines.append(
            f'| [`{model["Name"]}`]({config}) | {facts["Training Data"]} | {facts.get("Epochs", "")} | '
            f'{facts.get("Batch Size", "")} |'
        )
    lines += [
        '',
        '```bash',
        f'mmrrsis train {models[0]["Name"]}',
        f'mmrrsis test {models[0]["Name"]} CHECKPOINT',
        '```',
    ]
    lines += ['', *_results(models), '## Settings', '']
    for model in models:
        config = os.path.relpath(ROOT / model['Config'], ROOT / 'docs/models')
        lines += [f'```{{literalinclude}} {config}', ':language: python', f':caption: {model["Config"]}', '```', '']
    return '\n'.join(lines)


def write_model_pages(app: Sphinx) -> None:
    """Write the page of each method, and the list of them."""
    texts, notes = {}, []
    for folder in ('configs', 'projects'):
        for metafile in sorted((ROOT / folder).glob('*/metafile.yml')):
            name = metafile.parent.name
            texts[f'{name}.md'] = model_page(metafile)
            if folder == 'configs':
                title = texts[f'{name}.md'].partition('\n')[0].removeprefix('# ')
                notes.append(f'{title}: notes </notes/{name}>')
    lines = ['# Methods', '', 'One page per method, made from its `metafile.yml`.', '']
    lines += ['```{toctree}', ':maxdepth: 1', '', *(Path(name).stem for name in texts), *notes, '```', '']
    write_pages(Path(app.srcdir) / 'models', texts | {'index.md': '\n'.join(lines)})


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect('builder-inited', write_model_pages)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
