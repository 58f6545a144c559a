# Table VII: the target stream alone, with reconstruction.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(decode_head=dict(background_stream=False))
