# Copyright (c) mmrrsis contributors.
"""Make a small file of weights from a training's checkpoint: parameters alone, in half precision, as safetensors.

With the config of the training the file also says what the model was trained on, as JSON in its metadata: ``words``,
all words of the training's expressions, and ``categories``. Of a word embedding it then holds the rows of their tokens
alone; without a config, those that are not zero, if they are few.
"""

import argparse
import hashlib
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, ConcatDataset

from mmrrsis.analysis import build_dataset
from mmrrsis.apis import KnownWords
from mmrrsis.checkpoint import pack_embedding, read_state_dict
from mmrrsis.checkpoint_file import save_tensors
from mmrrsis.registry import TRANSFORMS

#: Names of word embeddings: those of CLIP and of BERT.
EMBEDDINGS = ('token_embedding.weight', 'word_embeddings.weight')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help='checkpoint of a training')
    parser.add_argument('out', type=Path, help='file to write, ending in .safetensors')
    parser.add_argument('--config', type=Path, help='config of the training, whose data set must be there')
    parser.add_argument('--terms', help='terms of use, for the metadata')
    parser.add_argument('--data-root', help="folder of that data set (default: the config's)")
    args = parser.parse_args()
    if args.out.suffix != '.safetensors':
        parser.error(f'{args.out} does not end in .safetensors')
    return args


def training_samples(dataset: BaseDataset | ConcatDataset) -> list[dict]:
    """Return the samples of a data set, or of all parts of a joined one, as they were read."""
    if isinstance(dataset, ConcatDataset):
        return [sample for part in dataset.datasets for sample in training_samples(part)]
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def training_language(cfg: Config) -> tuple[KnownWords, torch.Tensor]:
    """Find out what a model was trained on.

    Args:
        cfg: Config of the training.

    Returns:
        The words of all expressions and the categories; and the token ids of these expressions, special
        tokens included, ``(R,)``.
    """
    samples = training_samples(build_dataset(cfg, 'train'))
    expressions = sorted({text for sample in samples for text in sample['expressions']})
    (step,) = (step for step in cfg.train_pipeline if step['type'] == 'TokenizeExpression')
    tokenizer = TRANSFORMS.build(step).tokenizer
    texts = [tokenizer(expression) for expression in expressions]
    token_ids = torch.cat([text.token_ids for text in texts]).unique()
    categories = {sample['category'] for sample in samples if sample['category']}
    return KnownWords.from_expressions(expressions, categories), token_ids


def publish(state_dict: dict[str, torch.Tensor], token_ids: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
    """Return parameters in half precision, with the rows of word embeddings that count.

    Args:
        state_dict: The parameters.
        token_ids: The rows to keep; None for those that are not zero, where these are less than half of all.
    """
    for key, value in list(state_dict.items()):
        if key.endswith(EMBEDDINGS):
            row_ids = value.any(dim=1).nonzero().flatten() if token_ids is None else token_ids
            if len(row_ids) < len(value) / 2:
                state_dict = pack_embedding(state_dict, key.removesuffix('.weight'), row_ids)
    return {
        key: (value.half() if value.is_floating_point() else value).contiguous() for key, value in state_dict.items()
    }


def main() -> None:
    """Read, shrink, write."""
    args = parse_args()
    metadata: dict[str, str] = {}
    token_ids = None
    if args.config is not None:
        cfg = Config.fromfile(args.config)
        if args.data_root is not None:
            cfg.train_dataloader.dataset.data_root = args.data_root
        known_words, token_ids = training_language(cfg)
        metadata.update(config=args.config.name, **known_words.to_metadata())
    if args.terms is not None:
        metadata['terms'] = args.terms
    weights = publish(read_state_dict(args.checkpoint), token_ids)
    save_tensors(weights, args.out, metadata)
    content = args.out.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:8]
    print(f'{args.out}: {len(weights)} tensors, {len(content) / 1e6:.1f} MB, sha256 {digest}')


if __name__ == '__main__':
    main()
