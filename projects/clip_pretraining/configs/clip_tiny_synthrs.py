# The towers that the tiny models start from: those of cd2fsan_tiny_synthrs, trained from scratch on SynthRS scenes
# with captions and regions. For towers of another size inherit their config here; another source of images and texts
# is another `dataset`, see README.md.
_base_ = '../../../configs/cd2fsan/cd2fsan_tiny_synthrs.py'
custom_imports = dict(imports=['clip_pretraining'])

max_iters = 1200
val_interval = 200
peak_lr, lowest_lr = 1e-3, 1e-6
data_root = 'data/clip_pretraining'
image_size = _base_.model.encoder.image_size

model = dict(
    _delete_=True,
    type='CLIPPretrainer',
    arch=_base_.model.encoder.arch,
    contrast_regions=True,
    patch_dropout=0.5,
    data_preprocessor=_base_.model.data_preprocessor,
)

train_pipeline = [
    dict(type='LoadRenderedScene'),
    dict(type='ChooseTexts'),
    dict(type='MirrorScene', prob=0.5),
    dict(type='PackSceneTexts', tokenizer=_base_.tokenizer),
]
test_pipeline = [
    dict(type='LoadRenderedScene'),
    dict(type='ChooseTexts'),
    dict(type='PackSceneTexts', tokenizer=_base_.tokenizer),
]
train_dataloader = dict(
    _delete_=True,
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='SynthRSSceneTextDataset',
        data_root=data_root,
        split='train',
        scenes=dict(easy=13000, full=7000),
        image_size=image_size,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    _delete_=True,
    batch_size=64,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='SynthRSSceneTextDataset',
        data_root=data_root,
        split='val',
        scenes=dict(easy=256),
        image_size=image_size,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(_delete_=True, type='RetrievalMetric')
test_dataloader = test_cfg = test_evaluator = None

optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=peak_lr + lowest_lr, betas=(0.9, 0.98), weight_decay=0.1, fused=True),
    clip_grad=dict(max_norm=1.0),
    # No decay of embeddings, norms and biases.
    paramwise_cfg=dict(
        flat_decay_mult=0.0,
        custom_keys={'embedding': dict(decay_mult=0.0), 'logit_scale': dict(decay_mult=0.0)},
    ),
)
# A warm-up over 3% of the iterations.
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=lowest_lr / (peak_lr + lowest_lr),
        by_epoch=False,
        end=max_iters * 3 // 100 + 1,
    ),
    dict(type='CosineAnnealingLR', by_epoch=False, T_max=max_iters, eta_min=lowest_lr, end=max_iters),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=val_interval)
default_hooks = dict(
    _delete_=True,  # MMEngine's own remain; there are no masks to show
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    loss_guard=dict(type='LossGuardHook'),
    checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=val_interval, max_keep_ckpts=2),
)
custom_hooks = [
    dict(type='UnmaskedTailHook', share=0.2),
    dict(type='LimitLogitScaleHook', maximum=100.0),
    dict(type='WriteTowersHook', filename='clip.safetensors'),
]
