# Table VI: 7 background tokens.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(decode_head=dict(num_background_tokens=7))
