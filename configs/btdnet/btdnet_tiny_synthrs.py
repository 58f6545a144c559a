# BTDNet, complete, in sizes that two CPU cores train in minutes, from random weights. SynthRS is synthetic: its
# figures are no benchmark.
_base_ = [
    '../_base_/models/btdnet_swinb.py',
    '../_base_/datasets/synthrs.py',
    '../_base_/pipelines/bert_128x128.py',
    '../_base_/schedules/tiny_2k.py',
]

visual_channels = (32, 64, 128, 256)
word_channels = 128
last_stage_size = (4, 4)  # of 128x128, at stride 32
inner_channels = 64
fusion = dict(type='BSC', inner_channels=inner_channels)
model = dict(
    encoder=dict(
        image=dict(
            arch=dict(_delete_=True, embed_dims=32, depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8)),
            window_size=8,
            drop_path_rate=0.0,
            pretrained=None,
        ),
        text=dict(
            arch=dict(
                _delete_=True,
                vocab_size=2357,
                hidden_size=word_channels,
                num_hidden_layers=4,
                num_attention_heads=4,
                intermediate_size=256,
            ),
            pretrained=None,
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
# Nothing is pretrained, so the towers learn as fast as the rest.
optim_wrapper = dict(paramwise_cfg=None)
