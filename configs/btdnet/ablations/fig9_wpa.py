# Figure 9: WPA in place of BSC.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(encoder=dict(fusions=[dict(type='WPA')] * 4))
