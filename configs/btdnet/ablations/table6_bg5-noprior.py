# Table VI: five background tokens without the prior of the masked expression.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(decode_head=dict(use_prior=False))
