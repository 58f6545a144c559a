# Table V: only the pixels are updated ("V2L").
_base_ = '../btdnet_swinb_refsegrs.py'
fusion = dict(type='BSC', inner_channels=_base_.inner_channels, directions=('v2l',))
model = dict(encoder=dict(fusions=[fusion] * 4))
