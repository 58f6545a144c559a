# Copyright (c) mmrrsis contributors.
import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from PIL import Image
from torch import nn

from mmrrsis.apis import ReferringInferencer, init_segmentor, segment_image
from mmrrsis.checkpoint import CheckpointMismatchError
from mmrrsis.models.encoders import ReferringEncoder
from mmrrsis.package_files import find_config, find_weights
from mmrrsis.registry import MODELS, TRANSFORMS
from mmrrsis.structures import MultimodalFeatures, ReferringText, TextFeatures, VisualFeatures

WORDS = ('red', 'green', 'blue')


@TRANSFORMS.register_module(force=True)
class ColorWordTokens(BaseTransform):
    """One token: the colour that the expression begins with."""

    def transform(self, results):
        token = torch.tensor([WORDS.index(results['expression'].split()[0])])
        results['text'] = ReferringText(token, torch.ones(1, dtype=torch.bool), results['expression'])
        return results


class JointEncoder(ReferringEncoder):
    """Hands the image and the token on; needs both at once."""

    def __init__(self):
        super().__init__()
        self.seen = dict(images=0, texts=0)

    def forward(self, images, text):
        self.seen['images'] += len(images)
        self.seen['texts'] += len(text.token_ids)
        words = TextFeatures(words=text.token_ids[..., None], word_mask=text.token_mask)
        return MultimodalFeatures(visual=VisualFeatures(layers=(images,)), text=words)


class DualEncoder(JointEncoder):
    """The same in two towers."""

    encodes_image_alone = True

    def encode_image(self, images):
        self.seen['images'] += len(images)
        return VisualFeatures(layers=(images, images[:, :1]))

    def encode_text(self, text):
        self.seen['texts'] += len(text.token_ids)
        return TextFeatures(words=text.token_ids[..., None], word_mask=text.token_mask)

    def forward(self, images, text):
        raise AssertionError('the towers are called one by one')


MODELS.register_module('InferencerJointEncoder', module=JointEncoder, force=True)
MODELS.register_module('InferencerDualEncoder', module=DualEncoder, force=True)


@MODELS.register_module(force=True)
class InferencerPairing(nn.Module):
    """The neck: the channel of each image that its expression names."""

    def forward(self, features):
        (images, *_), tokens = features.visual.layers, features.text.words[:, 0, 0]
        assert len(images) == len(tokens)
        return images[torch.arange(len(images)), tokens][:, None]


@MODELS.register_module(force=True)
class InferencerLogits(nn.Module):
    """The head: the logit whose probability is the channel's value of 255."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.batches = []

    def forward(self, fused):
        self.batches.append(len(fused))
        return torch.logit(fused / 255, eps=1e-6) * self.scale


def make_config(kind='Dual'):
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='mmcv.Resize', scale=(16, 8), keep_ratio=False),
        dict(type='LoadReferringMask'),
        dict(type='ChooseExpression'),
        dict(type='ColorWordTokens'),
        dict(type='PackReferringInputs'),
    ]
    model = dict(
        type='ReferringSegmentor',
        encoder=dict(type=f'Inferencer{kind}Encoder'),
        neck=dict(type='InferencerPairing'),
        decode_head=dict(type='InferencerLogits'),
        mask_threshold=0.5,
        data_preprocessor=dict(type='ImgDataPreprocessor', bgr_to_rgb=True),
    )
    return Config(dict(default_scope='mmrrsis', model=model, test_dataloader=dict(dataset=dict(pipeline=pipeline))))


def build(kind='Dual'):
    return ReferringInferencer(init_segmentor(make_config(kind)), show_progress=False)


@pytest.fixture
def images():
    """Images of one flat colour each and of different sizes."""
    colors = [(200, 20, 30), (40, 180, 60), (10, 150, 160)]
    return [np.full((20 + 4 * i, 30, 3), color, dtype=np.uint8) for i, color in enumerate(colors)]


@pytest.mark.parametrize('kind', ['Dual', 'Joint'])
@pytest.mark.parametrize('batch_size', [1, 2, 8])
def test_every_pair_of_image_and_expression_gets_its_answer(images, kind, batch_size):
    expressions = ['red roof', 'blue car', 'green field', 'red car']
    result = build(kind)(images, expressions, batch_size=batch_size)
    for image, answers in zip(images, result['predictions'], strict=True):
        assert [answer.expression for answer in answers] == expressions
        for answer in answers:
            value = int(image[0, 0, WORDS.index(answer.expression.split()[0])])
            assert answer.probability.shape == answer.mask.shape == image.shape[:2]
            np.testing.assert_allclose(answer.probability, value / 255, atol=1e-4)
            assert answer.mask.all() == answer.mask.any() == (value > 127)
            assert answer.score == pytest.approx(value / 255 if value > 127 else 0, abs=1e-4)
    assert result['visualization'] == [[], [], []]


def test_dual_encoder_sees_each_image_and_each_expression_once(images):
    dual, joint = build('Dual'), build('Joint')
    expressions = ['red a', 'green b', 'blue c', 'red d', 'red e']
    for inferencer in (dual, joint):
        inferencer(images, expressions, batch_size=3)
    assert dual.model.encoder.seen == dict(images=3, texts=5)
    assert joint.model.encoder.seen == dict(images=15, texts=15)
    assert max(dual.model.decode_head.batches) == max(joint.model.decode_head.batches) == 3
    assert sum(dual.model.decode_head.batches) == 15


@pytest.mark.parametrize('kind', ['Dual', 'Joint'])
def test_one_image_is_the_case_of_segment_image(images, kind):
    image = np.random.default_rng(0).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    inferencer = build(kind)
    sample = segment_image(inferencer.model, image, 'green field', threshold=0.6)
    ((answer,),) = inferencer(image, 'green field', threshold=0.6)['predictions']
    np.testing.assert_array_equal(answer.mask, sample.pred_mask.data[0].numpy())
    np.testing.assert_array_equal(answer.probability, sample.pred_mask.probability[0].numpy())
    assert answer.score == pytest.approx(answer.probability[answer.probability > 0.6].mean(), rel=1e-6)
    ((returned,),) = inferencer(image, 'green field', threshold=0.6, return_datasamples=True)['predictions']
    torch.testing.assert_close(returned.pred_mask.data, sample.pred_mask.data)
    assert returned.mask_threshold == 0.6


def test_images_come_as_files_arrays_pillow_images_and_folders(images, tmp_path):
    inferencer = build()
    for name, image in zip('cab', images, strict=True):
        cv2.imwrite(str(tmp_path / f'{name}.png'), image[..., ::-1])
    (tmp_path / 'notes.txt').write_text('no image')
    forms = [
        str(tmp_path / 'c.png'),
        images[0],
        Image.fromarray(images[0]),
        Image.fromarray(images[0]).convert('RGBA'),
    ]
    answers = [group[0] for group in inferencer(forms, 'red roof')['predictions']]
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer.probability, answers[0].probability)
    assert [answer.path for answer in answers] == [forms[0], '', '', '']
    folder = inferencer(tmp_path, 'red roof')['predictions']
    assert [group[0].path for group in folder] == [str(tmp_path / f'{name}.png') for name in 'abc']
    assert folder[2][0].score == pytest.approx(200 / 255, abs=1e-4)


def test_lists_of_expressions_go_with_their_images(images):
    result = build()(images, [['red a'], ['green b', 'blue c'], ['blue d']], batch_size=2)
    answers = [[answer.expression for answer in group] for group in result['predictions']]
    assert answers == [['red a'], ['green b', 'blue c'], ['blue d']]
    assert result['predictions'][1][0].score == pytest.approx(180 / 255, abs=1e-4)


def test_pictures_are_returned_and_written(images, tmp_path):
    cv2.imwrite(str(tmp_path / 'roof.png'), images[0][..., ::-1])
    sources = [str(tmp_path / 'roof.png'), images[1]]
    result = build()(sources, ['red roof', 'green field'], draw=True, out_dir=tmp_path / 'out')
    names = ['0000_roof_0.png', '0000_roof_1.png', '0001_image_0.png', '0001_image_1.png']
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == names
    drawn = result['visualization'][0][1]
    np.testing.assert_array_equal(drawn[:20, :30], images[0])  # nothing green: no tint
    assert drawn.shape[0] > 20
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'out' / names[1]))[..., ::-1], drawn)
    assert (result['visualization'][0][0][10, 15] != images[0][10, 15]).any()
    build()(sources, 'red roof', out_dir=tmp_path / 'again')
    assert len(list((tmp_path / 'again').iterdir())) == 2


def test_probabilities_of_tiles_of_one_size(images):
    tiles = [image[:16, :16] for image in images]
    expected = np.stack([image[0, 0, [0, 2]] / 255 for image in images])
    probabilities = build().predict_probabilities(tiles, ['red a', 'blue b'])
    assert probabilities.shape == (3, 2, 16, 16) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, np.broadcast_to(expected[..., None, None], (3, 2, 16, 16)), atol=1e-4)


def test_checkpoints_are_read_in_every_form(tmp_path):
    from safetensors.torch import save_file

    file = tmp_path / 'a.py'
    file.write_text(make_config().pretty_text)
    state = init_segmentor(make_config()).state_dict()
    torch.save(dict(state_dict=state), tmp_path / 'a.pth')
    save_file({key: (2 * value).half() for key, value in state.items()}, tmp_path / 'a.safetensors')
    assert ReferringInferencer(file, tmp_path / 'a.pth', 'cpu').model.decode_head.scale.item() == 1
    inferencer = ReferringInferencer(make_config(), str(tmp_path / 'a.safetensors'), 'cpu')
    assert inferencer.model.decode_head.scale.item() == 2
    torch.save({}, tmp_path / 'empty.pth')
    with pytest.raises(CheckpointMismatchError, match=r'decode_head.scale'):
        ReferringInferencer(file, tmp_path / 'empty.pth', 'cpu')


def test_wrong_inputs_are_named(images, tmp_path):
    inferencer = build()
    for inputs, expressions, kind, words in (
        (images[0], ' ', ValueError, r'expression is empty'),
        (images[0], [], ValueError, r'no referring expression'),
        (images, [['red a'], []], ValueError, r'has 2 lists but there are 3 images'),
        (images[:2], [['red a'], []], ValueError, r'no referring expression'),
        (images[:2], ['red a', ['red b']], ValueError, r'mixes strings and lists'),
        ([], 'red a', ValueError, r'list of images is empty'),
        (tmp_path, 'red a', ValueError, r'holds no image'),
        (tmp_path / 'none.png', 'red a', FileNotFoundError, r'There is no image .*none.png'),
        (3, 'red a', TypeError, r'must be a path, an array or a Pillow image but is int'),
        (images[0][..., 0], 'red a', ValueError, r'must be \(H, W, 3\) uint8 RGB'),
        (Image.fromarray(np.zeros((4, 4), dtype=np.uint16)), 'red a', ValueError, r"mode 'I;16'"),
    ):
        with pytest.raises(kind, match=words):
            inferencer(inputs, expressions)
    with pytest.raises(ValueError, match=r'`batch_size` must be 1 or more'):
        inferencer(images, 'red a', batch_size=0)
    with pytest.raises(ValueError, match=r'`threshold` must be in \[0, 1\]'):
        inferencer(images, 'red a', threshold=2)


def test_model_and_weights_go_together(tmp_path):
    with pytest.raises(ValueError, match=r'`model` is given but `weights` is not'):
        ReferringInferencer('cd2fsan_tiny_synthrs')
    with pytest.raises(ValueError, match=r'`weights` is given but `model` is not'):
        ReferringInferencer(weights=tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'built already'):
        ReferringInferencer(init_segmentor(make_config()), weights='a.pth')
    with pytest.raises(FileNotFoundError, match=r'There is no checkpoint .*a.pth'):
        ReferringInferencer('cd2fsan_tiny_synthrs', tmp_path / 'a.pth')


def test_configs_and_weights_of_the_package_have_names(tmp_path, monkeypatch):
    path = find_config('cd2fsan_vitb_rrsisd')
    assert path.name == 'cd2fsan_vitb_rrsisd.py' and path.is_file()
    assert find_config(path) == path
    with pytest.raises(FileNotFoundError, match=r'Did you mean `cd2fsan_vitb_rrsisd`\?'):
        find_config('cd2fsan_vitb_rrsid')
    with pytest.raises(FileNotFoundError, match=r'neither a config file nor the name'):
        find_config('rrsisd')
    monkeypatch.setattr('mmrrsis.package_files.PACKAGE', tmp_path)
    (tmp_path / 'weights').mkdir()
    (tmp_path / 'weights' / 'b.safetensors').touch()
    assert find_weights('package:b.safetensors').name == 'b.safetensors'
    with pytest.raises(FileNotFoundError, match=r'a.safetensors do not ship .* has b.safetensors'):
        find_weights('package:a.safetensors')
