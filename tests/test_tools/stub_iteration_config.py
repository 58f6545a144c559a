# Copyright (c) mmrrsis contributors.
# The stub config counting iterations, with draws in the loader's processes.
_base_ = './stub_config.py'
train_dataloader = dict(
    num_workers=1, persistent_workers=True, sampler=dict(_delete_=True, type='InfiniteSampler', shuffle=True)
)
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=24, val_interval=6)
optim_wrapper = dict(optimizer=dict(lr=0.02))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=False, T_max=24)]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=3), logger=dict(interval=1, log_metric_by_epoch=False))
log_processor = dict(by_epoch=False)
