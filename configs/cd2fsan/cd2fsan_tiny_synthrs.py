# CD2FSAN, complete, in sizes that two CPU cores train in minutes. SynthRS is synthetic: its figures are no benchmark.
_base_ = [
    '../_base_/models/cd2fsan_vitb.py',
    '../_base_/datasets/synthrs.py',
    '../_base_/pipelines/clip_128x128.py',
    '../_base_/schedules/adam_40e.py',
    '../_base_/default_runtime.py',
]

channels = 128
norm_cfg = dict(type='GN', num_groups=8)
model = dict(
    encoder=dict(
        arch=dict(
            _delete_=True,
            embed_dim=128,
            # Patch tokens are averaged, so that the pretraining reaches every one of them.
            vision_cfg=dict(image_size=128, patch_size=8, width=128, layers=8, head_width=64, pool_type='avg'),
            text_cfg=dict(context_length=22, vocab_size=49408, width=128, heads=4, layers=4),
        ),
        image_size=128,
        pretrained='package:clip_tiny_synthrs.safetensors',
    ),
    neck=dict(
        layer_selection=dict(
            visual_channels=128, sentence_channels=128, candidate_layers=(3, 4, 5, 6, 7), hidden_channels=32
        ),
        aggregation=dict(visual_channels=128, sentence_channels=128, channels=channels, norm_cfg=norm_cfg),
        alignment=dict(channels=channels, word_channels=128, num_heads=2, norm_cfg=norm_cfg),
    ),
    decode_head=dict(in_channels=channels, channels=96, num_blocks=1, stage_channels=(48, 24), norm_cfg=norm_cfg),
)

train_dataloader = dict(
    batch_size=8, sampler=dict(type='InfiniteSampler', shuffle=True), dataset=dict(pipeline=_base_.train_pipeline)
)
val_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.test_pipeline))

# A small model on few samples takes larger steps; the rate falls to zero, so that the end is the best.
max_iters = 2000
val_interval = 500
# Single precision: few processors compute bfloat16 natively, the others would be slower with it.
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=8e-4, fused=True),
    clip_grad=dict(max_norm=1.0),
    paramwise_cfg=_base_.optim_wrapper.paramwise_cfg,
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=max_iters),
]
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=max_iters, val_interval=val_interval)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=val_interval))
log_processor = dict(by_epoch=False)
