# Figure 10: CIM in place of MCI; its grid is the last stage's size.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(neck=dict(type='CIM', grid_size=_base_.last_stage_size))
