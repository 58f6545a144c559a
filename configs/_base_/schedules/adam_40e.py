# CD2FSAN, section 4.1: 40 epochs, Adam, base learning rate 5e-5 for 8 images per step, 0.1x for both encoders, mixed
# precision. The paper names neither a decay of the learning rate nor gradient clipping, so this has neither.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='Adam', lr=5e-5),
    paramwise_cfg=dict(custom_keys={'encoder': dict(lr_mult=0.1)}),
)
param_scheduler = []

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
