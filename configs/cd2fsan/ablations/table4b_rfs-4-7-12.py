# Table 4b: layers 4, 7 and 12 for every sample.
_base_ = './table4d_dfsm.py'
model = dict(neck=dict(layer_selection=dict(_delete_=True, type='FixedLayerSelection', layers=(4, 7, 12))))
