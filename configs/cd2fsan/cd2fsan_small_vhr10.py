# CD2FSAN, complete, on photographs: EfficientNet-Lite0 and four layers of MiniLM in place of CLIP, in sizes that one
# CPU core trains in an hour. Where its pretrained weights come from, and the commands: mmrrsis/weights/README.md.
_base_ = [
    '../_base_/models/cd2fsan_vitb.py',
    '../_base_/datasets/vhr10_ref.py',
    '../_base_/pipelines/photo_192x192.py',
    '../_base_/schedules/photo_3k.py',
]

channels = 96
word_channels = 384
norm_cfg = dict(type='GN', num_groups=8)
model = dict(
    # What EfficientNet-Lite was trained with
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),
    encoder=dict(
        _delete_=True,
        type='DualEncoder',
        image=dict(
            type='TIMMStages',
            arch='tf_efficientnet_lite0',
            frozen_stages=2,
            pretrained='data/pretrained/tf_efficientnet_lite0.safetensors',
        ),
        text=dict(
            type='BERTStages',
            arch=dict(hidden_size=word_channels, num_hidden_layers=4, num_attention_heads=12, intermediate_size=1536),
            take_first_layers=True,
            frozen_layers=1,
            pretrained='data/pretrained/minilm',
        ),
        channels=channels,
        joint_channels=channels,
        norm_cfg=norm_cfg,
    ),
    neck=dict(
        layer_selection=dict(
            visual_channels=channels, sentence_channels=channels, candidate_layers=(1, 2, 3, 4), hidden_channels=32
        ),
        aggregation=dict(visual_channels=channels, sentence_channels=channels, channels=channels, norm_cfg=norm_cfg),
        alignment=dict(channels=channels, word_channels=word_channels, num_heads=2, norm_cfg=norm_cfg),
    ),
    decode_head=dict(
        in_channels=channels,
        channels=64,
        num_blocks=1,
        stage_channels=(32, 16),
        norm_cfg=norm_cfg,
        # Most targets are small: the focal loss counts them more than their surroundings.
        losses=[
            dict(type='BinaryFocalLoss', alpha=0.75, loss_weight=5.0),
            dict(type='mmseg.DiceLoss', naive_dice=True, eps=1.0, ignore_index=None),
        ],
    ),
)

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
