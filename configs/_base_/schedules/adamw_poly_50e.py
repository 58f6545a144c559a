# BTDNet, section IV-B: 50 epochs, AdamW with 1e-4 and 1e-5 for the pretrained towers, "poly" decay to zero with power
# 0.9, for 8 images per step. Weight decay is not named: LAVT's.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.01),
    paramwise_cfg=dict(
        custom_keys={'encoder.image': dict(lr_mult=0.1), 'encoder.text': dict(lr_mult=0.1)}, norm_decay_mult=0.0
    ),
)
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=50, by_epoch=True, convert_to_iter_based=True)
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
