# Copyright (c) mmrrsis contributors.
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import safe_open
from torch import nn

from mmrrsis.checkpoint import load_checkpoint

TOOL = Path(__file__).parents[2] / 'tools/model_converters/publish_model.py'


def call(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True)


def small_model() -> nn.ModuleDict:
    return nn.ModuleDict(dict(token_embedding=nn.Embedding(5000, 16), head=nn.Linear(16, 2)))


def test_published_weights_are_small_and_the_same(tmp_path):
    torch.manual_seed(0)
    trained = small_model()
    with torch.no_grad():
        trained['token_embedding'].weight[7:] = 0
        trained['token_embedding'].weight[3, :8] = 0  # a number that is zero is not a row that is
    optimizer = torch.optim.Adam(trained.parameters())
    torch.save(
        dict(state_dict=trained.state_dict(), optimizer=optimizer.state_dict(), message_hub={}), tmp_path / 'a.pth'
    )
    done = call(tmp_path / 'a.pth', tmp_path / 'a.safetensors')
    assert done.returncode == 0, done.stderr
    assert '4 tensors' in done.stdout
    assert (tmp_path / 'a.safetensors').stat().st_size < 2000  # the embedding alone takes 160,000 in half precision
    loaded = small_model()
    load_checkpoint(loaded, tmp_path / 'a.safetensors')
    for name, value in trained.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value.half().float()), name


def test_a_full_embedding_stays(tmp_path):
    torch.save(small_model().state_dict(), tmp_path / 'a.pth')
    assert call(tmp_path / 'a.pth', tmp_path / 'a.safetensors').returncode == 0
    assert (tmp_path / 'a.safetensors').stat().st_size > 160_000


def test_another_ending_is_refused(tmp_path):
    done = call(tmp_path / 'a.pth', tmp_path / 'b.pth')
    assert done.returncode == 2 and 'does not end in .safetensors' in done.stderr


def write_data(root, sentences):
    """Write a data set in the layout of RRSIS-D with one ref per list of sentences, the last one for validation."""
    (root / 'images/rrsisd/JPEGImages').mkdir(parents=True)
    (root / 'rrsisd').mkdir()
    cv2.imwrite(str(root / 'images/rrsisd/JPEGImages/1.jpg'), np.zeros((8, 8, 3), np.uint8))
    count = len(sentences)
    instances = dict(
        images=[dict(id=1, file_name='1.jpg', height=8, width=8)],
        annotations=[dict(id=n, image_id=1, category_id=n, segmentation=[[0, 0, 4, 0, 4, 4]]) for n in range(count)],
        categories=[dict(id=n, name=('ship', 'airplane', 'dam')[n]) for n in range(count)],
    )
    refs = [
        dict(
            ref_id=n,
            ann_id=n,
            image_id=1,
            split='val' if n == count - 1 else 'train',
            sentences=[dict(raw=raw) for raw in raws],
        )
        for n, raws in enumerate(sentences)
    ]
    (root / 'rrsisd/instances.json').write_text(json.dumps(instances))
    (root / 'rrsisd/refs(unc).json').write_text(json.dumps(refs))
    return root


def test_weights_say_what_they_were_trained_on_and_hold_its_tokens_alone(tmp_path):
    data_root = write_data(tmp_path / 'data', [['The ship.', 'a Ship on the left'], ['the airplane'], ['the dam']])
    config = tmp_path / 'trained.py'
    config.write_text(
        "default_scope = 'mmrrsis'\n"
        "tokenizer = dict(type='BERTTokenizer', name_or_path='package:bert_uncased_vocab.txt', max_tokens=8)\n"
        "train_pipeline = [dict(type='TokenizeExpression', tokenizer=tokenizer)]\n"
        "train_dataloader = dict(dataset=dict(type='RRSISDDataset', data_root='nowhere', split='train'))\n"
    )
    torch.manual_seed(0)
    trained = nn.ModuleDict(dict(word_embeddings=nn.Embedding(30522, 4), head=nn.Linear(4, 2)))
    torch.save(trained.state_dict(), tmp_path / 'a.pth')
    out = tmp_path / 'a.safetensors'
    done = call(tmp_path / 'a.pth', out, '--config', config, '--data-root', data_root, '--terms', 'for tests')
    assert done.returncode == 0, done.stderr
    with safe_open(out, 'pt') as file:
        metadata = file.metadata()
        row_ids = file.get_tensor('word_embeddings.row_ids')
        rows = file.get_tensor('word_embeddings.rows')
    assert json.loads(metadata['words']) == ['a', 'airplane', 'left', 'on', 'ship', 'the']
    assert json.loads(metadata['categories']) == ['airplane', 'ship']
    assert (metadata['config'], metadata['terms']) == ('trained.py', 'for tests')
    vocabulary = (Path(__file__).parents[2] / 'mmrrsis/weights/bert_uncased_vocab.txt').read_text().split('\n')
    tokens = ['[PAD]', '[CLS]', '[SEP]', '.', 'a', 'airplane', 'left', 'on', 'ship', 'the']
    assert row_ids.tolist() == sorted(vocabulary.index(token) for token in tokens)
    assert torch.equal(rows, trained['word_embeddings'].weight[row_ids].half())
