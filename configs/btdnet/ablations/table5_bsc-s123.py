# Table V: BSC after stages 1 to 3.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(encoder=dict(fusions=[_base_.fusion, _base_.fusion, _base_.fusion, None]))
