# Copyright (c) mmrrsis contributors.
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from mmrrsis.models.encoders import TIMMStages

ARCHITECTURES = ('tf_efficientnet_lite0', 'resnet10t')
IMAGES = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def original(arch):
    """A classifier of timm with weights and statistics that all count."""
    torch.manual_seed(0)
    model = timm.create_model(arch, num_classes=3)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.endswith('running_var'):
                value.uniform_(0.5, 1.5)
            elif name.endswith(('bias', 'running_mean')):
                value.normal_(std=0.1)
    return model.eval()


@pytest.mark.parametrize('arch', ARCHITECTURES)
def test_stages_are_timms_features(arch, tmp_path):
    model = original(arch)
    save_file(model.state_dict(), tmp_path / 'weights.safetensors')
    stages = TIMMStages(arch, pretrained=str(tmp_path / 'weights.safetensors'))
    stages.init_weights()
    features = timm.create_model(arch, features_only=True, out_indices=(1, 2, 3, 4))
    assert not features.load_state_dict(model.state_dict(), strict=False).missing_keys
    expected = features.eval()(IMAGES)
    maps = stages.eval()(IMAGES)
    assert stages.channels == tuple(value.shape[1] for value in expected)
    for own, theirs in zip(maps, expected, strict=True):
        torch.testing.assert_close(own, theirs, atol=1e-3, rtol=1e-3)  # another order in memory


def test_weights_of_another_architecture_are_refused(tmp_path):
    save_file(original('resnet10t').state_dict(), tmp_path / 'weights.safetensors')
    stages = TIMMStages('tf_efficientnet_lite0', pretrained=str(tmp_path / 'weights.safetensors'))
    with pytest.raises(ValueError, match=r"does not fit model\.encoder\.image\.arch='tf_efficientnet_lite0'"):
        stages.init_weights()


def test_missing_weights_are_said():
    with pytest.warns(UserWarning, match='RANDOM'):
        TIMMStages('resnet10t').init_weights()
    with pytest.raises(FileNotFoundError, match='nowhere.safetensors'):
        TIMMStages('resnet10t', pretrained='nowhere.safetensors').init_weights()


def test_unfit_architectures_are_refused():
    with pytest.raises(ValueError, match='no_such_net'):
        TIMMStages('no_such_net')
    with pytest.raises(ValueError, match='NHWC'):
        TIMMStages('swin_tiny_patch4_window7_224', out_indices=(0, 1, 2, 3))
    with pytest.raises(ValueError, match='frozen_stages=5'):
        TIMMStages('resnet10t', frozen_stages=5)


def test_frozen_stages_stay_and_the_others_learn():
    stages = TIMMStages('tf_efficientnet_lite0', frozen_stages=2, norm_eval=False).train()
    before = {name: value.clone() for name, value in stages.state_dict().items()}
    sum(value.sum() for value in stages(IMAGES)).backward()
    learned = {name for name, parameter in stages.named_parameters() if parameter.grad is not None}
    frozen = ('conv_stem', 'bn1', 'blocks_0', 'blocks_1', 'blocks_2')  # strides 4 and 8
    assert learned == {
        name
        for name in dict(stages.named_parameters())
        if not name.startswith(tuple(f'body.{part}.' for part in frozen))
    }
    changed = {name for name, value in stages.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.split('.')[1] in ('blocks_3', 'blocks_4', 'blocks_5', 'blocks_6') for name in changed)


@pytest.mark.parametrize('norm_eval', [True, False])
def test_batch_norms_keep_their_statistics_on_demand(norm_eval):
    stages = TIMMStages('resnet10t', norm_eval=norm_eval).train()
    norms = [module for module in stages.modules() if isinstance(module, nn.BatchNorm2d)]
    assert all(module.training != norm_eval for module in norms)
