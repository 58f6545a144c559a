# Table 4a: the last layer times the sentence, decoded.
_base_ = './table4d_dfsm.py'
model = dict(neck=dict(layer_selection=dict(_delete_=True, type='LastLayerSelection'), aggregation=dict(num_levels=1)))
