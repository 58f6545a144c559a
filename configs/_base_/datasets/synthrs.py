# Copyright (c) mmrrsis contributors.
# SynthRS, written by tools/dataset_converters/synthrs.py.
# A leaf adds the pipelines, for example `train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))`.
dataset_type = 'SynthRSDataset'
data_root = 'data/synthrs'

# One process, no GPU: 8 samples, and one loader process beside the training on a machine with two cores.
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type=dataset_type, data_root=data_root, split='train'),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type=dataset_type, data_root=data_root, split='test', test_mode=True),
)

val_evaluator = dict(type='ReferringIoU')
test_evaluator = dict(type='ReferringIoU')
