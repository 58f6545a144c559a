# Figure 9: IIM in place of BSC.
_base_ = '../btdnet_swinb_refsegrs.py'
model = dict(encoder=dict(fusions=[dict(type='IIM')] * 4))
find_unused_parameters = True  # the decoder reads the fused map, so the last stage's gate gets no gradient
