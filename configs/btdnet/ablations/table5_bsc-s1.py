# Table V: BSC after stage 1 only.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(encoder=dict(fusions=[_base_.fusion, None, None, None]))
