# CD2FSAN, complete, in sizes that two CPU cores train in minutes. SynthRS is synthetic: its figures are no benchmark.
_base_ = [
    '../_base_/models/cd2fsan_vitb.py',
    '../_base_/datasets/synthrs.py',
    '../_base_/pipelines/clip_128x128.py',
    '../_base_/schedules/tiny_2k.py',
]

channels = 128
word_channels = 128
num_heads = 2
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
        alignment=dict(channels=channels, word_channels=word_channels, num_heads=num_heads, norm_cfg=norm_cfg),
    ),
    decode_head=dict(in_channels=channels, channels=96, num_blocks=1, stage_channels=(48, 24), norm_cfg=norm_cfg),
)

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
