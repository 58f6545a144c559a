# BTDNet, complete, on photographs: EfficientNet-Lite0 and four layers of MiniLM in place of Swin-B and BERT-base, in
# sizes that one CPU core trains. Where its pretrained weights come from: mmrrsis/weights/README.md.
_base_ = [
    '../_base_/models/btdnet_swinb.py',
    '../_base_/datasets/vhr10_ref.py',
    '../_base_/pipelines/photo_192x192_key_phrase.py',
    '../_base_/schedules/photo_3k.py',
]

visual_channels = (24, 40, 112, 320)
word_channels = 384
last_stage_size = (6, 6)  # of 192x192, at stride 32
inner_channels = 64
fusion = dict(type='BSC', inner_channels=inner_channels)
model = dict(
    # What EfficientNet-Lite was trained with
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),
    encoder=dict(
        image=dict(
            _delete_=True,
            type='TIMMStages',
            arch='tf_efficientnet_lite0',
            pretrained='data/pretrained/tf_efficientnet_lite0.safetensors',
        ),
        text=dict(
            arch=dict(
                _delete_=True,
                hidden_size=word_channels,
                num_hidden_layers=4,
                num_attention_heads=12,
                intermediate_size=1536,
            ),
            take_first_layers=True,
            frozen_layers=0,
            pretrained='data/pretrained/minilm',
        ),
        fusions=[fusion] * 4,
        text_groups=(1, 1, 1, 1),
    ),
    neck=dict(visual_channels=visual_channels, word_channels=word_channels),
    decode_head=dict(
        channels=word_channels, finest_channels=visual_channels[0], reconstruction=dict(channels=word_channels)
    ),
)

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
