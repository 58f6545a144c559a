# For the tiny models: minutes on two CPU cores. A small model on few samples takes larger steps; the rate falls to
# zero, so that the end is the best. Pretrained towers learn at a tenth of it.
_base_ = '../default_runtime.py'
max_iters = 2000
val_interval = 500

# Single precision: few processors compute bfloat16 natively, the others would be slower with it.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=8e-4, fused=True),
    clip_grad=dict(max_norm=1.0),
    paramwise_cfg=dict(custom_keys={'encoder': dict(lr_mult=0.1)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=max_iters),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=val_interval)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=val_interval),
    logger=dict(log_metric_by_epoch=False),  # validations are logged at their iteration
)
log_processor = dict(by_epoch=False)
