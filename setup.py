# Copyright (c) mmrrsis contributors.
"""Metadata and packaging of mmrrsis."""

import os
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
#: What users of an installed package need besides the code; found under ``mmrrsis/.mim``, as in OpenMMLab packages.
MIM_ENTRIES = ('configs', 'tools', 'projects', 'demo', 'model-index.yml')


def read_version() -> str:
    """Read the version without importing the package, whose dependencies are not installed at build time."""
    text = (ROOT / 'mmrrsis' / 'version.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE).group(1)


def read_requirements(name: str) -> list[str]:
    """Read the requirement lines of ``requirements/NAME.txt``, without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [line for line in (line.split('#')[0].strip() for line in lines) if line]


def add_mim_extension(package_dir: Path, link: bool) -> None:
    """Put configs, tools, projects and the demo under ``PACKAGE_DIR/.mim``.

    Args:
        package_dir: The folder of the ``mmrrsis`` package that is being installed.
        link: Make relative symbolic links instead of copies, so that a checkout installed with ``pip install -e``
            always shows its present files.
    """
    mim = package_dir / '.mim'
    if mim.exists():
        shutil.rmtree(mim)  # a leftover of an earlier build may hold files that are gone now
    mim.mkdir(parents=True)
    ignore = shutil.ignore_patterns('__pycache__', '*.pyc')
    for name in MIM_ENTRIES:
        source, target = ROOT / name, mim / name
        if link:
            target.symlink_to(os.path.relpath(source, mim), target_is_directory=source.is_dir())
        elif source.is_dir():
            shutil.copytree(source, target, ignore=ignore)
        else:
            shutil.copy2(source, target)


class BuildPy(build_py):
    """Build the package and add what belongs under ``.mim``."""

    def run(self) -> None:
        """Copy into the build folder, or link in the checkout when it is installed with ``pip install -e``."""
        super().run()
        if self.editable_mode:
            add_mim_extension(ROOT / 'mmrrsis', link=True)
        else:
            add_mim_extension(Path(self.build_lib) / 'mmrrsis', link=False)


setup(
    name='mmrrsis',
    version=read_version(),
    description='Referring remote sensing image segmentation on MMEngine',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='mmrrsis contributors',
    license='Apache-2.0',
    keywords='computer vision, remote sensing, referring segmentation',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Image Processing',
    ],
    packages=find_packages(include=['mmrrsis', 'mmrrsis.*']),
    include_package_data=True,
    package_data={'mmrrsis': ['py.typed']},  # tells type checkers to read our hints
    python_requires='>=3.10',
    install_requires=read_requirements('install'),
    extras_require={
        'geo': read_requirements('geo'),
        'web': [line for name in ('web', 'geo') for line in read_requirements(name)],
        'mmpretrain': read_requirements('mmpretrain'),
        'tests': [line for name in ('tests', 'geo', 'web', 'mmpretrain') for line in read_requirements(name)],
        'docs': [line for name in ('docs', 'geo', 'web') for line in read_requirements(name)],
        'optional': read_requirements('optional'),
        'all': [
            line
            for name in ('install', 'tests', 'geo', 'web', 'mmpretrain', 'docs', 'optional')
            for line in read_requirements(name)
        ],
    },
    entry_points={'console_scripts': ['mmrrsis = mmrrsis.cli.main:main']},
    cmdclass={'build_py': BuildPy},
    zip_safe=False,
)
