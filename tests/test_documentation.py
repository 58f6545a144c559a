# Copyright (c) mmrrsis contributors.
import subprocess
from pathlib import Path

import pytest

pytest.importorskip('sphinx', reason='needs the extra docs')

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    'docs/results.md': 'results',
    'README.md': 'project/readme',
    'configs/btdnet/README.md': 'notes/btdnet',
}


@pytest.fixture
def extensions(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'docs/_ext')
    import model_pages
    import repository_pages

    return repository_pages, model_pages


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('[x](docs/results.md)', '[x](../results.md)'),
        ('[x](docs/results.md#limits)', '[x](../results.md#limits)'),
        ('[`x`](configs/btdnet/README.md), [y](README.md)', '[`x`](../notes/btdnet.md), [y](readme.md)'),
        ('![a picture](docs/images/web_demo.png)', '![a picture](../images/web_demo.png)'),
        ('[![a](docs/images/web_demo.png)](docs/results.md)', '[![a](../images/web_demo.png)](../results.md)'),
        ('[LICENSE](LICENSE)', '[LICENSE](../../LICENSE)'),
        ('rows in [`configs`](configs/btdnet) here', 'rows in `configs` here'),
        (
            '[a](https://example.org/docs/results.md), [b](#here)',
            '[a](https://example.org/docs/results.md), [b](#here)',
        ),
        ('```\n[x](docs/results.md)\n```\n[x](docs/results.md)', '```\n[x](docs/results.md)\n```\n[x](../results.md)'),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(extensions, text, expected):
    assert extensions[0].rewrite_links(text, 'README.md', 'project/readme', PAGES) == expected


def test_a_link_to_no_file_is_an_error(extensions):
    with pytest.raises(Exception, match=r'configs/btdnet/README.md: the link to ../nowhere.md leads to no file'):
        extensions[0].rewrite_links('[x](../nowhere.md)', 'configs/btdnet/README.md', 'notes/btdnet', PAGES)


def test_the_page_of_a_method_has_the_figures_of_its_metafile(extensions):
    page = extensions[1].model_page(ROOT / 'configs/cd2fsan/metafile.yml')
    assert page.startswith('# CD2FSAN\n')
    assert '| config | split | oIoU (paper) | mIoU (paper) |' in page
    assert '| `cd2fsan_vitb_rrsisd` | RRSIS-D test | 78.43 | 65.37 |' in page
    assert '(../notes/cd2fsan.md)' in page
    # A config without results has no row.
    page = extensions[1].model_page(ROOT / 'configs/btdnet/metafile.yml')
    assert '| `btdnet_swinb_risbench` | RISBench' not in page
    assert '- `btdnet_swinb_risbench`: none, the paper does not report RISBench.' in page


def test_no_generated_page_is_in_the_repository():
    listed = subprocess.run(['git', 'ls-files', 'docs'], cwd=ROOT, capture_output=True, text=True).stdout.split()
    folders = {Path(name).parts[1] for name in listed if len(Path(name).parts) > 2}
    assert folders <= {'_ext', '_static', 'images'}
