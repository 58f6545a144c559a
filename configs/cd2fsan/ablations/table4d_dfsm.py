# Table 4d: DFSM without an alignment with the words.
_base_ = './table4f_dfsm-maam.py'
model = dict(neck=dict(alignment=None))
