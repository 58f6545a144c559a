# BTDNet with Swin-B (window 12, ImageNet-22K) and BERT-base.
visual_channels = (128, 256, 512, 1024)
word_channels = 768
last_stage_size = (16, 16)  # of 512x512, at stride 32
inner_channels = 256
fusion = dict(type='BSC', inner_channels=inner_channels)
model = dict(
    type='ReferringSegmentor',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    encoder=dict(
        type='StagewiseEncoder',
        image=dict(
            type='SwinStages',
            arch='base',
            window_size=12,
            pretrained='https://github.com/SwinTransformer/storage/releases/download/v1.0.0/'
            'swin_base_patch4_window12_384_22k.pth',
        ),
        text=dict(type='BERTStages', arch='base', pretrained='bert-base-uncased'),
        fusions=[fusion] * 4,
        text_groups=(3, 3, 3, 3),
        encode_masked=True,
        encode_reference=True,
    ),
    neck=dict(type='MCI', visual_channels=visual_channels, word_channels=word_channels),
    decode_head=dict(
        type='TBTD',
        channels=word_channels,
        finest_channels=visual_channels[0],
        num_background_tokens=5,
        use_prior=True,
        reconstruction=dict(type='DMOLS', channels=word_channels, loss_weight=0.1),
        losses=[dict(type='TargetBackgroundLoss', foreground_weight=0.6)],
    ),
    mask_threshold=0.5,  # the larger of two logits
)
