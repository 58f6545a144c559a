# CD2FSAN with CLIP ViT-B/16 at 480x480. The widths keep every row of the paper's Table 6 within 3% of its parameters.
channels = 512
word_channels = 512
num_heads = 8
norm_cfg = dict(type='GN', num_groups=16)  # the same in a batch of one and of eight, on one device and on many
model = dict(
    type='ReferringSegmentor',
    data_preprocessor=dict(
        type='ImgDataPreprocessor',
        # CLIP's mean and standard deviation, in pixel values
        mean=[122.7709, 116.7460, 104.0937],
        std=[68.5005, 66.6322, 70.3232],
        bgr_to_rgb=True,
    ),
    encoder=dict(type='CLIPDualEncoder', arch='ViT-B-16', image_size=480, pretrained='openai'),
    neck=dict(
        type='ReferringPyramidNeck',
        layer_selection=dict(
            type='DFSM',
            visual_channels=768,
            sentence_channels=512,
            candidate_layers=(4, 5, 6, 7, 8, 9, 10, 11),
        ),
        aggregation=dict(
            type='SentenceGatedAggregation',
            visual_channels=768,
            sentence_channels=512,
            channels=channels,
            norm_cfg=norm_cfg,
        ),
        alignment=dict(
            type='MAAM', channels=channels, word_channels=word_channels, num_heads=num_heads, norm_cfg=norm_cfg
        ),
    ),
    decode_head=dict(
        type='DRCD',
        in_channels=channels,
        channels=768,
        stage_channels=(256, 64, 32),
        norm_cfg=norm_cfg,
    ),
    mask_threshold=0.35,
)
