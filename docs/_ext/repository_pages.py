# Copyright (c) mmrrsis contributors.
"""Sphinx extension: README and other pages that lie outside ``docs/``, and links between all pages.

Pages are written so that their links work where they lie in the repository. In the site such a link leads to the page
that was made of its target, to a download if there is none, and to nothing if it is a folder: then its text stays.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
#: Files of the repository, or patterns of them, and the page that each becomes; ``{}`` is the name of its folder.
OUTSIDE_PAGES = {
    'README.md': 'project/readme',
    'CONTRIBUTING.md': 'project/contributing',
    'CHANGELOG.md': 'project/changelog',
    'demo/ATTRIBUTION.md': 'project/demo_image',
    'mmrrsis/weights/README.md': 'project/weights',
    'configs/*/README.md': 'notes/{}',
    'projects/README.md': 'projects/index',
    'projects/*/README.md': 'projects/{}',
}
# [text](target), also of images; a text may hold an image or one pair of brackets, a target may have an anchor.
_LINK = re.compile(
    r'(?P<text>!?\[(?:[^\[\]]|\[[^\]]*\](?:\([^)]*\))?)*\])\((?P<target>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)'
)
_FENCE = re.compile(r'^(?:```|~~~).*?^(?:```|~~~)\s*$', re.MULTILINE | re.DOTALL)


def outside_pages() -> dict[str, str]:
    """Return the page of each file outside ``docs/`` that has one, both without ``docs/`` and the page's suffix."""
    pages = {}
    for pattern, page in OUTSIDE_PAGES.items():
        for path in sorted(ROOT.glob(pattern)):
            pages[path.relative_to(ROOT).as_posix()] = page.format(path.parent.name)
    return pages


def rewrite_links(text: str, source: str, page: str, pages: dict[str, str]) -> str:
    """Turn the links of a Markdown text into those of the site.

    Args:
        text: The text; code blocks in it stay as they are.
        source: Its file, relative to the repository.
        page: The page of the site that it becomes.
        pages: The page of each file of the repository that has one.

    Returns:
        The text with other links.

    Raises:
        ExtensionError: If a link leads to a file that does not exist.
    """
    here = (Path('docs') / page).parent

    def replace(match: re.Match) -> str:
        label, target, anchor = match['text'], match['target'], match['anchor'] or ''
        if not target or re.match(r'[a-z]+:', target):
            return match[0]
        if '](' in label:  # an image that is a link: the image's own target
            label = _LINK.sub(replace, label[1:-1]).join('[]')
        path = os.path.normpath(os.path.join(os.path.dirname(source), target))
        if path in pages:
            return f'{label}({os.path.relpath(f"docs/{pages[path]}.md", here)}{anchor})'
        if not (ROOT / path).exists():
            raise ExtensionError(f'{source}: the link to {target} leads to no file. Mend the link.')
        if (ROOT / path).is_dir():
            return label[1:-1]
        return f'{label}({os.path.relpath(path, here)}{anchor})'

    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(replace, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return ''.join([*parts, _LINK.sub(replace, text[end:])])


def all_pages() -> dict[str, str]:
    """Return the page of each Markdown file of the repository that the site shows."""
    own = {path.relative_to(ROOT).as_posix(): path.stem for path in (ROOT / 'docs').glob('*.md')}
    return own | outside_pages()


def write_pages(folder: Path, texts: dict[str, str]) -> None:
    """Write the generated pages of a folder and remove those that are no longer made.

    A page that has not changed keeps its date, so that Sphinx does not read it again.

    Args:
        folder: The folder.
        texts: The text of each file in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding='utf-8') != text:
            path.write_text(text, encoding='utf-8')


def write_outside_pages(app: Sphinx) -> None:
    """Write the pages of files outside ``docs/``, and the contents of the page of projects."""
    pages = all_pages()
    folders: dict[str, dict[str, str]] = {'project': {}, 'notes': {}, 'projects': {}}
    for source, page in outside_pages().items():
        text = rewrite_links((ROOT / source).read_text(encoding='utf-8'), source, page, pages)
        folder, name = page.split('/')
        folders[folder][f'{name}.md'] = text
    projects = [Path(name).stem for name in folders['projects'] if name != 'index.md']
    folders['projects']['index.md'] += '\n'.join(['', '```{toctree}', ':hidden:', '', *projects, '```', ''])
    for folder, texts in folders.items():
        write_pages(Path(app.srcdir) / folder, texts)


def rewrite_own_page(app: Sphinx, docname: str, content: list[str]) -> None:
    """Rewrite the links of a page of ``docs/`` when Sphinx reads it."""
    source = f'docs/{docname}.md'
    if (pages := all_pages()).get(source) == docname:
        content[0] = rewrite_links(content[0], source, docname, pages)


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect('builder-inited', write_outside_pages)
    app.connect('source-read', rewrite_own_page)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
