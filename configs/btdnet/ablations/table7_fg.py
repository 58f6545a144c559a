# Table VII: the target stream alone, without reconstruction.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(
    encoder=dict(encode_masked=False, encode_reference=False),
    decode_head=dict(background_stream=False, reconstruction=None),
)
