# Table 4e: DFSM, aligned by a plain transformer.
_base_ = './table4f_dfsm-maam.py'
widths = dict(channels=_base_.channels, word_channels=_base_.word_channels, num_heads=_base_.num_heads)
model = dict(neck=dict(alignment=dict(_delete_=True, type='PlainTransformerAlignment', **widths)))
