# Copyright (c) mmrrsis contributors.
"""Import mmpretrain without its multimodal part, for its backbones."""

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

#: The module in which mmpretrain writes down which optional packages are installed.
SWITCHES = 'mmpretrain.utils.dependency'


def import_mmpretrain() -> None:
    """Import mmpretrain so that its backbones are in its registry; does nothing where it is imported already.

    mmpretrain imports its multimodal models (BLIP, OFA, LLaVA, ...) wherever transformers is installed, whatever the
    version, and these need names that transformers 5 no longer has: ``import mmpretrain`` fails beside it. The one
    constant that decides, ``WITH_MULTIMODAL``, lies in a small module that needs nothing else of mmpretrain. So this
    module is loaded first, from its file, and the constant set to False: mmpretrain then takes the way that it has
    for machines without transformers, and its multimodal models say that they are not installed. Nothing outside of
    mmpretrain is touched. Who wants the multimodal models, beside an older transformers, imports mmpretrain before
    the model is built.

    Raises:
        ImportError: If mmpretrain, or a package that it needs, is not installed.
    """
    if 'mmpretrain' in sys.modules:
        return
    missing = [name for name in ('mmpretrain', 'modelindex.load_model_index') if not _is_installed(name)]
    if missing:
        raise ImportError(
            'A type mmpretrain.* in model.encoder.image needs mmpretrain. Install it with `pip install '
            "'mmrrsis[mmpretrain]'`, or in a checkout `pip install -e '.[mmpretrain]'`."
        )
    package = find_spec('mmpretrain')
    assert package is not None and package.origin is not None  # a package with an __init__.py
    file = Path(package.origin).parent / 'utils' / 'dependency.py'
    spec = spec_from_file_location(SWITCHES, file)
    assert spec is not None and spec.loader is not None  # the path of a .py file
    switches = module_from_spec(spec)
    spec.loader.exec_module(switches)
    switches.WITH_MULTIMODAL = False  # type: ignore[attr-defined]  # modules have the names that their files give them
    sys.modules[SWITCHES] = switches
    try:
        import mmpretrain.models
    except BaseException:
        del sys.modules[SWITCHES]
        raise
    # What the import system does for a submodule that it loads itself.
    mmpretrain.utils.dependency = switches


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is missing
        return False
