# Table 4c: layers 6, 9 and 12 for every sample.
_base_ = './table4d_dfsm.py'
model = dict(neck=dict(layer_selection=dict(_delete_=True, type='FixedLayerSelection', layers=(6, 9, 12))))
