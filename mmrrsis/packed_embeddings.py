# Copyright (c) mmrrsis contributors.
"""Word embeddings in files that hold only the rows that training touched.

CLIP's vocabulary has 49,408 tokens. A small model that was trained on a few hundred of them would need a file many
times larger than what it learned. Such a file holds ``X.rows`` ``(R, D)`` and ``X.row_ids`` ``(R,)`` in place of
``X.weight`` ``(V, D)``; the other rows are zero vectors.
"""

from collections.abc import Mapping

from torch import Tensor


def pack_embedding(state_dict: Mapping[str, Tensor], name: str, row_ids: Tensor) -> dict[str, Tensor]:
    """Keep only some rows of an embedding.

    Args:
        state_dict: Parameters with ``{name}.weight`` ``(V, D)``.
        name: The embedding.
        row_ids: ``(R,)`` int64, the rows to keep.

    Returns:
        The parameters with ``{name}.rows`` ``(R, D)`` and ``{name}.row_ids`` ``(R,)`` instead.
    """
    packed = dict(state_dict)
    weight = packed.pop(f'{name}.weight')
    return {**packed, f'{name}.rows': weight[row_ids].clone(), f'{name}.row_ids': row_ids}


def unpack_embeddings(state_dict: Mapping[str, Tensor], vocabulary_sizes: Mapping[str, int]) -> dict[str, Tensor]:
    """Undo :func:`pack_embedding`; rows that a file does not hold become zero vectors.

    Args:
        state_dict: Parameters, packed or not.
        vocabulary_sizes: Names of embeddings that may be packed, and their numbers of rows ``V``.

    Returns:
        The parameters without packed embeddings. Rows of a name that is not in ``vocabulary_sizes`` stay, for the
        check of the keys to name.
    """
    unpacked = dict(state_dict)
    for name, size in vocabulary_sizes.items():
        if f'{name}.rows' in unpacked and f'{name}.row_ids' in unpacked:
            rows, row_ids = unpacked.pop(f'{name}.rows'), unpacked.pop(f'{name}.row_ids')
            unpacked[f'{name}.weight'] = rows.new_zeros(size, rows.shape[1]).index_copy(0, row_ids, rows)
    return unpacked
