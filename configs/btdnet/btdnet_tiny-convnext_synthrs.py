# The tiny BTDNet with a ConvNeXt of mmpretrain in place of Swin; needs `pip install -e ".[mmpretrain]"`.
_base_ = './btdnet_tiny_synthrs.py'
model = dict(
    encoder=dict(
        image=dict(
            _delete_=True,
            type='mmpretrain.ConvNeXt',
            arch=dict(depths=[2, 2, 2, 2], channels=[32, 64, 128, 256]),
        )
    )
)
