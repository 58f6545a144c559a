# Copyright (c) mmrrsis contributors.
"""Pretrain CLIP towers: the command of ``projects/clip_pretraining``."""

import sys

from mmrrsis.package_files import packaged_folder

sys.path.append(str(packaged_folder('projects') / 'clip_pretraining'))

from clip_pretraining.command_line import main

if __name__ == '__main__':
    main()
