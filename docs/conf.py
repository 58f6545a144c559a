# Copyright (c) mmrrsis contributors.
"""Settings of the documentation site: ``python -m sphinx -W docs docs/_build/html``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / '_ext'))
sys.path.insert(0, str(Path(__file__).parents[1]))

from mmrrsis.version import __version__

project = 'mmrrsis'
author = 'mmrrsis contributors'
copyright = author
version = release = __version__

extensions = [
    'sphinx.ext.autodoc',
    'sphinx.ext.autosummary',
    'sphinx.ext.napoleon',
    'myst_parser',
    'sphinx_copybutton',
    'repository_pages',
    'model_pages',
    'api_pages',
]
exclude_patterns = ['_build', '_ext']

# Docstrings are in Google style; single backquotes in them are code.
default_role = 'code'
napoleon_use_ivar = True  # otherwise an attribute is described twice, here and by autodoc
napoleon_custom_sections = [('Fields', 'Attributes')]
autosummary_generate = False  # api_pages writes the pages
autodoc_inherit_docstrings = False  # the libraries' own docstrings are not in our markup
autodoc_member_order = 'bysource'
autodoc_default_options = {'members': True}
python_use_unqualified_type_names = True
maximum_signature_line_length = 80
add_module_names = False

myst_enable_extensions = ['attrs_inline', 'colon_fence']
myst_heading_anchors = 3  # links such as README.md#installation
myst_links_external_new_tab = False

html_theme = 'furo'
html_title = 'mmrrsis'
html_static_path = ['_static']
html_css_files = ['site.css']
html_show_sourcelink = False
html_theme_options = {
    'light_css_variables': {'color-brand-primary': '#0b6e4f', 'color-brand-content': '#0b6e4f'},
    'dark_css_variables': {'color-brand-primary': '#5fd3a8', 'color-brand-content': '#5fd3a8'},
}
copybutton_prompt_text = '$ '
