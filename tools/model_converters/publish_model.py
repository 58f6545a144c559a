# Copyright (c) mmrrsis contributors.
"""Make a small file of weights from a training's checkpoint: parameters alone, in half precision, as safetensors.

Of a token embedding most of whose rows are zero, as that of the small models, the file holds the other rows.
"""

import argparse
import hashlib
from pathlib import Path

import torch

from mmrrsis.checkpoint import pack_embedding, read_state_dict
from mmrrsis.checkpoint_file import save_tensors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', type=Path, help='checkpoint of a training')
    parser.add_argument('out', type=Path, help='file to write, ending in .safetensors')
    args = parser.parse_args()
    if args.out.suffix != '.safetensors':
        parser.error(f'{args.out} does not end in .safetensors')
    return args


def publish(state_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return parameters in half precision, token embeddings that are mostly zero by their other rows."""
    for key, value in list(state_dict.items()):
        if key.endswith('token_embedding.weight'):
            row_ids = value.any(dim=1).nonzero().flatten()
            if len(row_ids) < len(value) / 2:
                state_dict = pack_embedding(state_dict, key.removesuffix('.weight'), row_ids)
    return {
        key: (value.half() if value.is_floating_point() else value).contiguous() for key, value in state_dict.items()
    }


def main() -> None:
    """Read, shrink, write."""
    args = parse_args()
    weights = publish(read_state_dict(args.checkpoint))
    save_tensors(weights, args.out)
    content = args.out.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:8]
    print(f'{args.out}: {len(weights)} tensors, {len(content) / 1e6:.1f} MB, sha256 {digest}')


if __name__ == '__main__':
    main()
