# Figure 10: LGCE in place of MCI.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(neck=dict(type='LGCE'))
