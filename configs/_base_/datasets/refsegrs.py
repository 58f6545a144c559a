# Copyright (c) mmrrsis contributors.
# RefSegRS, 4,420 triplets.
# A leaf adds the pipelines, for example `train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))`.
dataset_type = 'RefSegRSDataset'
data_root = 'data/refsegrs'

# Per GPU: the papers train with 8 samples in total on two GPUs.
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type=dataset_type, data_root=data_root, split='train'),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type=dataset_type, data_root=data_root, split='test', test_mode=True),
)

val_evaluator = dict(type='ReferringIoU')
test_evaluator = dict(type='ReferringIoU')
