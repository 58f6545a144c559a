# For small models on photographs, on a processor. The pretrained towers learn more slowly than the rest. The rate
# falls to zero, and what is saved is the mean of the weights over the last some 200 iterations.
_base_ = '../default_runtime.py'
max_iters = 2800
val_interval = 700

# Single precision: few processors compute bfloat16 natively, the others would be slower with it.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=8e-4, weight_decay=0.01, fused=True),
    clip_grad=dict(max_norm=1.0),
    paramwise_cfg=dict(
        custom_keys={'encoder.image': dict(lr_mult=0.2), 'encoder.text': dict(lr_mult=0.1)},
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=max_iters),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=val_interval)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=val_interval))
custom_hooks = [dict(type='EMAHook', momentum=0.05, interval=10)]
log_processor = dict(by_epoch=False)
