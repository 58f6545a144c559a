# The start of cd2fsan_small_vhr10.py: the same model on synthetic scenes of level `full`, which come in any number,
# where it learns what the words for places, orders and relations ask for.
_base_ = './cd2fsan_small_vhr10.py'
max_iters = 2400
image_size = (128, 128)  # width, height

dataset = dict(type='SynthRSDataset', data_root='data/synthrs_full')
# Scenes come in any number, without mirroring.
train_pipeline = [
    dict(step, scale=image_size) if step['type'] == 'Resize' else step
    for step in _base_.train_pipeline
    if step['type'] != 'RandomTurn'
]
test_pipeline = [dict(step, scale=image_size) if step['type'] == 'Resize' else step for step in _base_.test_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline, **dataset))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **dataset))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline, **dataset))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=max_iters, eta_min_ratio=0.2),
]
train_cfg = dict(max_iters=max_iters, val_interval=1200)
default_hooks = dict(checkpoint=dict(interval=400))
