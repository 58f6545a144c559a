# Table VII: both streams, without reconstruction.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(encoder=dict(encode_reference=False), decode_head=dict(reconstruction=None))
