# Copyright (c) mmrrsis contributors.
# A config whose parts take milliseconds, for tests of the command lines. It is read with the repository's root on
# the PYTHONPATH.
_base_ = ['../../configs/_base_/default_runtime.py', '../../configs/_base_/schedules/adam_40e.py']
custom_imports = dict(imports=['tests.test_tools.stub_parts'])
model = dict(type='StubSegmentor', width=2)
pipeline = [dict(type='StubPack')]
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='StubDataset', data_root='', length=8, pipeline=pipeline),
)
val_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='StubDataset', data_root='', length=4, pipeline=pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='StubDataset', data_root='', length=6, pipeline=pipeline, test_mode=True),
)
val_evaluator = dict(type='StubMetric')
test_evaluator = dict(type='StubMetric')
train_cfg = dict(max_epochs=2)
